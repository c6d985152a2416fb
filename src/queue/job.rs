//! One run on its way through the queue.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::feed::Feed;
use crate::bench::Plan;
use crate::domain::event::Sequenced;
use crate::domain::run::{Failure, FailureKind, RunId};
use crate::store::{Ending, Store};

/// Says whether the model's file is still the one that was asked for, and if
/// not, what happened to it. May block.
pub type FileCheck = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// A run that waits or runs.
pub struct Job {
    /// The run.
    pub id: RunId,
    /// What to do.
    pub(super) plan: Plan,
    pub(super) check: FileCheck,
    pub(super) feed: Feed,
    /// Set to end the run.
    pub(super) cancel: CancellationToken,
}

impl Job {
    pub(super) fn new(id: RunId, plan: Plan, check: FileCheck) -> Self {
        Self {
            id,
            plan,
            check,
            feed: Feed::new(id),
            cancel: CancellationToken::new(),
        }
    }

    /// Returns once the run has ended and its end is stored.
    pub async fn ended(&self) {
        self.feed.ended().await;
    }

    /// Follows the run.
    pub fn subscribe(&self) -> broadcast::Receiver<Sequenced> {
        self.feed.subscribe()
    }

    /// Ends the run; an end that cannot be stored is logged.
    pub(super) async fn end(&self, store: &Store, ending: Ending) {
        if let Err(error) = self.feed.end(store, ending).await {
            tracing::error!(run = self.id.0, %error, "the end of a run was not stored");
        }
    }

    /// Whether the model's file is still the one that was asked for.
    pub(super) async fn check_file(&self) -> Result<(), Failure> {
        let check = Arc::clone(&self.check);
        let checked = tokio::task::spawn_blocking(move || check()).await;
        let (kind, message) = match checked {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reason)) => (FailureKind::ModelChanged, reason),
            Err(error) => (
                FailureKind::Internal,
                format!("the file check failed: {error}"),
            ),
        };
        Err(Failure {
            kind,
            message,
            log_tail: Vec::new(),
        })
    }
}
