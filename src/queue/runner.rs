//! The one task that takes jobs from the queue and sees each to its end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;

use super::background::{has_to_give_way, withdraw};
use super::{Inner, Job};
use crate::bench::{Measured, Observation};
use crate::domain::event::{RunEvent, SampleSummary};
use crate::domain::noise::NoiseKey;
use crate::domain::run::{Failure, FailureKind};
use crate::machine_lock::{MachineLock, TURN};
use crate::store::{Ending, Finished, Raw, Store, StoreError};

/// Observations on their way into the history: some seconds of gauges.
const OBSERVATIONS: usize = 64;
/// How often a run that waits looks for whom.
const LOOK: Duration = Duration::from_secs(1);

/// Runs jobs until shutdown, then interrupts those that wait.
pub(super) async fn run(inner: Arc<Inner>) {
    while let Some(job) = next(&inner).await {
        inner.announce_positions().await;
        // In a task of its own: a panic fails this run and no other.
        let task = tokio::spawn(carry_out(Arc::clone(&inner), Arc::clone(&job)));
        let ending = task.await.unwrap_or_else(|error| {
            tracing::error!(run = job.id.0, %error, "a run panicked");
            Some(Ending::Failed(failure(
                FailureKind::Internal,
                "a fault of Whittle ended the run",
            )))
        });
        // However it ended: who measures next must not find a worker that still
        // holds memory and processor.
        job.plan.launcher.reaper.all_gone().await;
        *inner.machine() = None;
        match ending {
            Some(ending) => inner.end(&job, ending).await,
            None => withdraw(&inner, &job).await,
        }
        inner.jobs().current = None;
        tokio::select! {
            () = tokio::time::sleep(TURN) => {}
            () = inner.shutdown.cancelled() => {}
        }
    }
    let waiting: Vec<Arc<Job>> = inner.jobs().waiting.drain(..).collect();
    for job in waiting {
        match job.is_background {
            false => inner.end(&job, Ending::Interrupted).await,
            true => withdraw(&inner, &job).await,
        }
    }
    inner.runner_done.cancel();
}

async fn next(inner: &Inner) -> Option<Arc<Job>> {
    loop {
        // Registered before looking, so that no submission is missed.
        let submitted = inner.submitted.notified();
        if inner.shutdown.is_cancelled() {
            return None;
        }
        {
            let mut jobs = inner.jobs();
            if let Some(job) = jobs.waiting.pop_front() {
                jobs.current = Some(Arc::clone(&job));
                return Some(job);
            }
        }
        tokio::select! {
            () = submitted => {}
            () = inner.shutdown.cancelled() => return None,
        }
    }
}

/// Measures, unless something ends the run first; none: it gives way. Dropping the
/// measurement kills its worker.
async fn carry_out(inner: Arc<Inner>, job: Arc<Job>) -> Option<Ending> {
    tokio::select! {
        biased;
        () = job.cancel.cancelled() => Some(Ending::Cancelled),
        () = inner.shutdown.cancelled() => (!job.is_background).then_some(Ending::Interrupted),
        () = has_to_give_way(&inner, &job) => None,
        finished = measure(&inner, &job) => Some(match finished {
            Ok(finished) => Ending::Done(Box::new(finished)),
            Err(failure) => Ending::Failed(failure),
        }),
    }
}

async fn measure(inner: &Inner, job: &Job) -> Result<Finished, Failure> {
    let lock = lock_machine(inner, job).await?;
    let own_work = lock.last_worked();
    *inner.machine() = Some(lock);
    let store = &inner.store;
    store.mark_running(job.id).await.map_err(Failure::from)?;
    let model = job.open_model().await?;

    let (sender, mut receiver) = mpsc::channel(OBSERVATIONS);
    let measuring = async {
        let measured = crate::bench::measure(&job.plan, &model, own_work, &sender).await;
        drop(sender);
        // What was observed before a failure is recorded first.
        Ok::<_, Failure>(measured)
    };
    let recording = async {
        while let Some(observation) = receiver.recv().await {
            record(store, job, observation)
                .await
                .map_err(Failure::from)?;
        }
        Ok(())
    };
    let (measured, ()) = tokio::try_join!(measuring, recording)?;
    // A file that was changed meanwhile explains any failure, and without one
    // the figures are of no file that anybody has.
    job.open_model().await?;
    Ok(judged(store, job, measured?).await?)
}

/// Holds what was measured against what the model shows against itself.
async fn judged(store: &Store, job: &Job, measured: Measured) -> Result<Finished, StoreError> {
    let Measured {
        arms,
        mut comparison,
        noise,
        environment,
    } = measured;
    let blocks = comparison.as_ref().and_then(|one| one.blocks.as_ref());
    let key = NoiseKey::of(&environment, &job.plan.spec).in_blocks(blocks.is_some());
    if let Some(comparison) = &mut comparison {
        comparison.judge(store.noise(&key).await?.as_ref());
    }
    Ok(Finished {
        arms,
        comparison,
        noise: noise.map(|noise| (key, noise)),
        environment,
    })
}

async fn lock_machine(inner: &Inner, job: &Job) -> Result<MachineLock, Failure> {
    let lock_error = |error: std::io::Error| {
        let path = inner.lock_path.display();
        failure(
            FailureKind::Internal,
            &format!("the lock {path} that keeps measurements apart cannot be taken: {error}"),
        )
    };
    if let Some(lock) = MachineLock::try_take(&inner.lock_path).map_err(lock_error)? {
        return Ok(lock);
    }
    let look = || MachineLock::holder(&inner.lock_path).map(|holder| holder.in_words());
    let mut busy_with = look();
    // Before it is announced: whoever follows sees one or the other.
    job.waits_for_machine.store(true, Ordering::Relaxed);
    let taking = MachineLock::take(&inner.lock_path);
    tokio::pin!(taking);
    loop {
        let event = RunEvent::WaitingForMachine {
            busy_with: busy_with.clone(),
        };
        let told = job.feed.announce(&inner.store, event, None).await;
        told.map_err(Failure::from)?;
        busy_with = loop {
            tokio::select! {
                lock = &mut taking => return lock.map_err(lock_error),
                () = tokio::time::sleep(LOOK) => {}
            }
            // Another may have got it meanwhile.
            let now = look();
            if now.is_some() && now != busy_with {
                break now;
            }
        };
    }
}

async fn record(store: &Store, job: &Job, observation: Observation) -> Result<(), StoreError> {
    match observation {
        Observation::Event(event) => job.feed.announce(store, event, None).await,
        Observation::Request {
            position,
            arm,
            sample,
        } => {
            let event = RunEvent::Sample(SampleSummary::new(arm, &sample));
            let raw = Raw::Request(position, &sample);
            job.feed.announce(store, event, Some(raw)).await
        }
        Observation::Launch { position, launch } => {
            let raw = Raw::Launch(position, &launch);
            store.record(job.id, None, Some(raw)).await
        }
    }
}

fn failure(kind: FailureKind, message: &str) -> Failure {
    Failure {
        kind,
        message: message.to_owned(),
        log_tail: Vec::new(),
    }
}
