//! Where a run says what it does, and what its gauges read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::plan::Observation;
use super::progress::{Place, Progress};
use crate::domain::event::RunEvent;

/// What the parts of a run tell its gauges.
pub(super) struct Shared {
    /// The run's clock.
    pub(super) progress: Progress,
    /// Decode speed over the last half second; none outside of decoding.
    pub(super) tokens_per_second: Option<f64>,
    /// The processes of the workers that are up.
    pub(super) workers: Vec<u32>,
    /// The one whose turn it is.
    pub(super) turn: Option<u32>,
}

/// A run as those see it who watch.
pub(super) struct Watch<'a> {
    pub(super) shared: Arc<Mutex<Shared>>,
    pub(super) observations: &'a mpsc::Sender<Observation>,
    /// What the arms are called.
    labels: Vec<String>,
}

impl<'a> Watch<'a> {
    /// Begins.
    pub(super) fn new(
        progress: Progress,
        labels: Vec<String>,
        observations: &'a mpsc::Sender<Observation>,
    ) -> Self {
        let shared = Shared {
            progress,
            tokens_per_second: None,
            workers: Vec::new(),
            turn: None,
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
            observations,
            labels,
        }
    }

    pub(super) fn shared(&self) -> MutexGuard<'_, Shared> {
        // Nothing panics while it is held.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an arm is called; none where it is the only one.
    pub(super) fn label(&self, arm: usize) -> Option<String> {
        self.labels
            .get(arm)
            .filter(|_| self.labels.len() > 1)
            .cloned()
    }

    /// Enters a stage and says so.
    pub(super) async fn enter(&self, place: Place) {
        let mut stage = self.shared().progress.enter(place);
        stage.arm = place.arm.and_then(|arm| self.label(arm));
        self.say(Observation::Event(RunEvent::Stage(stage))).await;
    }

    /// Says something.
    pub(super) async fn say(&self, observation: Observation) {
        // The receiver lives as long as the run; without it nobody listens.
        let _ = self.observations.send(observation).await;
    }
}
