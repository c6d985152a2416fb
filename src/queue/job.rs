//! One run on its way through the queue.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::feed::Feed;
use crate::bench::Plan;
use crate::domain::event::Sequenced;
use crate::domain::run::{Failure, FailureKind, RunId};

/// Opens the model's file if it is still the one that was asked for, else says
/// what happened to it. May block.
pub type OpenModel = Arc<dyn Fn() -> Result<File, String> + Send + Sync>;

/// A run that waits or runs.
pub struct Job {
    /// The run.
    pub id: RunId,
    /// What to do.
    pub(super) plan: Plan,
    pub(super) open: OpenModel,
    pub(super) feed: Feed,
    /// Set to end the run.
    pub(super) cancel: CancellationToken,
    /// Whether nobody asked for it, so that it gives way to whatever is asked for.
    pub(super) is_background: bool,
    /// Set when it gives way: it ends without a trace.
    pub(super) withdrawn: CancellationToken,
    /// Set once it waits for the machine: who follows it later is told, too.
    pub(super) waits_for_machine: AtomicBool,
}

impl Job {
    pub(super) fn new(id: RunId, plan: Plan, open: OpenModel, is_background: bool) -> Self {
        Self {
            id,
            plan,
            open,
            feed: Feed::new(id),
            cancel: CancellationToken::new(),
            is_background,
            withdrawn: CancellationToken::new(),
            waits_for_machine: AtomicBool::new(false),
        }
    }

    /// Returns once the run has ended and its end is stored.
    pub async fn ended(&self) {
        self.feed.ended().await;
    }

    /// Whether it gave way to something that was asked for, and left no trace.
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_cancelled()
    }

    /// Whether it had to wait for the machine.
    pub fn waits_for_machine(&self) -> bool {
        self.waits_for_machine.load(Ordering::Relaxed)
    }

    /// Follows the run.
    pub fn subscribe(&self) -> broadcast::Receiver<Sequenced> {
        self.feed.subscribe()
    }

    /// The model's file, if it is still the one that was asked for.
    pub(super) async fn open_model(&self) -> Result<File, Failure> {
        let open = Arc::clone(&self.open);
        let opened = tokio::task::spawn_blocking(move || open()).await;
        let (kind, message) = match opened {
            Ok(Ok(file)) => return Ok(file),
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
