//! The line: who waits, who runs, and the places that are kept for runs on their way.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Inner, Job, QueueError};
use crate::domain::defaults::QUEUE_LIMIT;
use crate::domain::run::RunId;

#[derive(Default)]
pub(super) struct Jobs {
    pub(super) waiting: VecDeque<Arc<Job>>,
    pub(super) current: Option<Arc<Job>>,
    /// Runs on their way into `waiting`, which count against its bound.
    n_entering: usize,
}

impl Jobs {
    /// Whether anything waits, or is about to.
    pub(super) fn has_more(&self) -> bool {
        self.n_entering > 0 || !self.waiting.is_empty()
    }

    pub(super) fn position(&self, id: RunId) -> Option<u32> {
        (1..)
            .zip(&self.waiting)
            .find(|(_, job)| job.id == id)
            .map(|(position, _)| position)
    }
}

/// A place in the queue, kept for a run while it is being stored; given back
/// when that fails.
pub(super) struct Place {
    inner: Arc<Inner>,
    is_filled: bool,
}

impl Inner {
    /// Counts a run against the bound before it is stored, so that no burst
    /// of requests passes it.
    pub(super) fn reserve(self: &Arc<Self>) -> Result<Place, QueueError> {
        if self.shutdown.is_cancelled() {
            return Err(QueueError::ShuttingDown);
        }
        let mut jobs = self.jobs();
        if jobs.waiting.len() + jobs.n_entering >= QUEUE_LIMIT {
            return Err(QueueError::Full);
        }
        jobs.n_entering += 1;
        Ok(Place {
            inner: Arc::clone(self),
            is_filled: false,
        })
    }
}

impl Place {
    /// Puts the run there and says where that is; none: too late, the queue
    /// has been emptied for good or is about to be.
    pub(super) fn fill(mut self, job: Arc<Job>) -> Option<u32> {
        let mut jobs = self.inner.jobs();
        if self.inner.shutdown.is_cancelled() {
            return None;
        }
        let id = job.id;
        // In one step: a run counts once, or others are refused for it.
        jobs.n_entering -= 1;
        jobs.waiting.push_back(job);
        let position = jobs.position(id);
        drop(jobs);
        self.is_filled = true;
        position
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_filled {
            self.inner.jobs().n_entering -= 1;
        }
    }
}
