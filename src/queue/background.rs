//! Runs that nobody asked for: they give way to whatever is asked for, in this
//! Whittle or in another, and leave nothing unless they are measured to their end.

use std::sync::Arc;
use std::time::Duration;

use super::{Inner, Job, OpenModel, Queue, QueueError};
use crate::bench::Plan;
use crate::domain::run::RunId;
use crate::machine_lock::MachineLock;
use crate::store::Ending;

/// How often such a run looks whether somebody needs the machine.
const INTERVAL: Duration = Duration::from_millis(200);

impl Queue {
    /// Whether nothing waits or runs here, and nobody else measures.
    pub fn is_idle(&self) -> bool {
        let is_empty = {
            let jobs = self.inner.jobs();
            jobs.current.is_none() && !jobs.has_more()
        };
        let lock = &self.inner.lock_path;
        is_empty && matches!(MachineLock::try_take(lock), Ok(Some(_)))
    }

    /// Takes a run that nobody asked for.
    ///
    /// # Errors
    /// As `submit`.
    pub async fn submit_in_background(
        &self,
        plan: Plan,
        open: OpenModel,
    ) -> Result<Arc<Job>, QueueError> {
        self.enter(plan, open, true).await
    }

    /// The run that waits or is measured and that nobody asked for, unless it is
    /// giving way.
    pub fn in_background(&self) -> Option<RunId> {
        let jobs = self.inner.jobs();
        let mut all = jobs.current.iter().chain(&jobs.waiting);
        all.find(|job| job.is_background && !job.is_withdrawn())
            .map(|job| job.id)
    }

    /// Ends that run without a trace, and returns when it has ended.
    pub async fn withdraw_background(&self) {
        let job = self.in_background().and_then(|id| self.job(id));
        if let Some(job) = job {
            job.withdrawn.cancel();
            job.ended().await;
        }
    }
}

/// Returns once a run that nobody asked for has to give way; never for others.
pub(super) async fn has_to_give_way(inner: &Inner, job: &Job) {
    if !job.is_background {
        return std::future::pending().await;
    }
    // Waiting for the machine, it is itself among those who want it: then
    // somebody else measures, and it gives up at once.
    while !inner.jobs().has_more() && !MachineLock::is_wanted(&inner.lock_path) {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = job.withdrawn.cancelled() => return,
        }
    }
    job.withdrawn.cancel();
}

/// Ends a run and removes it from the history, as if it had never been.
pub(super) async fn withdraw(inner: &Inner, job: &Job) {
    job.withdrawn.cancel();
    inner.end(job, Ending::Cancelled).await;
    if let Err(error) = inner.store.forget_run(job.id).await {
        tracing::warn!(run = job.id.0, %error, "a run that nobody asked for stays in the history");
    }
}
