//! One job at a time on this machine, whoever asks: a bounded queue, the lock
//! that other Whittles respect, and the event feed of every run.

mod background;
mod feed;
mod job;
mod line;
mod owner;
mod runner;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::bench::Plan;
use crate::domain::defaults::QUEUE_LIMIT;
use crate::domain::event::{RunEvent, Sequenced};
use crate::domain::run::{Failure, RunId, Technique};
use crate::machine_lock::MachineLock;
use crate::store::{Ending, Store, StoreError};
use line::Jobs;

pub use job::{Job, OpenModel};
pub use owner::{is_alive, this_process};

/// Why a run was not taken.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// As many wait as may.
    #[error("the queue is full: {QUEUE_LIMIT} runs wait; try again when one has ended")]
    Full,
    /// No more runs are taken.
    #[error("Whittle is shutting down; start it again to measure")]
    ShuttingDown,
    /// It runs in another process.
    #[error("run {0} is measured by another Whittle process; end it there")]
    NotOurs(RunId),
    /// The history failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A cheap handle on the queue.
#[derive(Clone)]
pub struct Queue {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    lock_path: PathBuf,
    /// Held from before a run is measured until its workers are gone.
    machine: Mutex<Option<MachineLock>>,
    jobs: Mutex<Jobs>,
    /// The ends that could not be stored.
    lost_ends: Mutex<HashMap<RunId, Failure>>,
    /// Told by `submit`, heard by the runner: something waits.
    submitted: Notify,
    /// Set by `shut_down`; ends the runner and the current job.
    shutdown: CancellationToken,
    /// Held by the runner until it has ended.
    runner_done: CancellationToken,
}

impl Queue {
    /// Starts a queue whose jobs hold the lock at `lock_path` while measuring.
    pub fn start(store: Store, lock_path: PathBuf) -> Self {
        let inner = Arc::new(Inner {
            store,
            lock_path,
            machine: Mutex::default(),
            jobs: Mutex::default(),
            lost_ends: Mutex::default(),
            submitted: Notify::new(),
            shutdown: CancellationToken::new(),
            runner_done: CancellationToken::new(),
        });
        tokio::spawn(runner::run(Arc::clone(&inner)));
        Self { inner }
    }

    /// Takes a run: stores it as queued, then puts it in line.
    ///
    /// # Errors
    /// When the queue is full or shutting down, or the history fails.
    pub async fn submit(&self, plan: Plan, open: OpenModel) -> Result<Arc<Job>, QueueError> {
        self.enter(plan, open, false).await
    }

    async fn enter(
        &self,
        plan: Plan,
        open: OpenModel,
        is_background: bool,
    ) -> Result<Arc<Job>, QueueError> {
        let place = self.inner.reserve()?;
        let store = &self.inner.store;
        let technique = Technique::of(&plan.spec.recipes);
        let id = store
            .create_run(technique, &plan.model, &plan.spec, this_process())
            .await?;
        let job = Arc::new(Job::new(id, plan, open, is_background));
        let Some(position) = place.fill(Arc::clone(&job)) else {
            self.inner.end(&job, Ending::Interrupted).await;
            return Err(QueueError::ShuttingDown);
        };
        let queued = RunEvent::Queued { position };
        if let Err(error) = job.feed.announce(store, queued, None).await {
            // The caller is told that it was not taken: then it is not.
            self.inner.jobs().waiting.retain(|waiting| waiting.id != id);
            self.inner
                .end(&job, Ending::Failed(Failure::from(&error)))
                .await;
            return Err(error.into());
        }
        self.inner.submitted.notify_one();
        Ok(job)
    }

    /// Ends a run at any stage and waits until it has ended.
    ///
    /// # Errors
    /// When another process runs it, or the history fails.
    pub async fn cancel(&self, id: RunId) -> Result<(), QueueError> {
        let (waiting, current) = {
            let mut jobs = self.inner.jobs();
            let place = jobs.waiting.iter().position(|job| job.id == id);
            let waiting = place.and_then(|place| jobs.waiting.remove(place));
            (waiting, jobs.current.clone().filter(|job| job.id == id))
        };
        if let Some(job) = waiting {
            self.inner.end(&job, Ending::Cancelled).await;
            self.inner.announce_positions().await;
        } else if let Some(job) = current {
            job.cancel.cancel();
            job.feed.ended().await;
        } else if let Some(run) = self.inner.store.run(id).await?
            && !run.status.is_terminal()
        {
            return Err(QueueError::NotOurs(id));
        }
        Ok(())
    }

    /// The job of a run that waits or runs here.
    pub fn job(&self, id: RunId) -> Option<Arc<Job>> {
        let jobs = self.inner.jobs();
        jobs.current
            .iter()
            .chain(&jobs.waiting)
            .find(|job| job.id == id)
            .cloned()
    }

    /// The runs that were asked for and have not ended, the one that was asked for
    /// last first.
    pub fn active(&self) -> Vec<RunId> {
        let jobs = self.inner.jobs();
        let waiting = jobs.waiting.iter().rev();
        waiting
            .chain(jobs.current.as_ref())
            .filter(|job| !job.is_background)
            .map(|job| job.id)
            .collect()
    }

    /// Why a run failed whose end could not be stored: in the history it still
    /// stands as not ended.
    pub fn lost_end(&self, id: RunId) -> Option<Failure> {
        self.inner.lost_ends().get(&id).cloned()
    }

    /// Place in line, 1 is next; none for a run that does not wait here.
    pub fn position(&self, id: RunId) -> Option<u32> {
        self.inner.jobs().position(id)
    }

    /// Follows a run that waits or runs here.
    pub fn subscribe(&self, id: RunId) -> Option<broadcast::Receiver<Sequenced>> {
        self.job(id).map(|job| job.feed.subscribe())
    }

    /// Set once every run has ended after `shut_down`: streams end then.
    pub fn shut_down_done(&self) -> CancellationToken {
        self.inner.runner_done.clone()
    }

    /// Interrupts what runs and waits, and returns when all of it is stored.
    pub async fn shut_down(&self) {
        self.inner.shutdown.cancel();
        self.inner.runner_done.cancelled().await;
    }
}

impl Inner {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        // Nothing panics while it is held.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn machine(&self) -> MutexGuard<'_, Option<MachineLock>> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lost_ends(&self) -> MutexGuard<'_, HashMap<RunId, Failure>> {
        self.lost_ends
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a run, and keeps in mind what the history could not take.
    async fn end(&self, job: &Job, ending: Ending) {
        if let Err(lost) = job.feed.end(&self.store, ending).await {
            tracing::error!(
                run = job.id.0,
                error = lost.message,
                "an end was not stored"
            );
            self.lost_ends().insert(job.id, lost);
        }
    }

    /// Tells everyone who waits where they stand now.
    async fn announce_positions(&self) {
        let waiting: Vec<Arc<Job>> = self.jobs().waiting.iter().cloned().collect();
        for (position, job) in (1..).zip(waiting) {
            let event = RunEvent::Queued { position };
            if let Err(error) = job.feed.announce(&self.store, event, None).await {
                tracing::warn!(run = job.id.0, %error, "a place in the queue was not stored");
            }
        }
    }
}
