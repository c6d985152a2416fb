//! What a run needs, what it says while it is measured, and what it gives.

use std::fs::File;
use std::path::PathBuf;

use super::machine::MachineFacts;
use super::variant::{VariantError, Workshop};
use crate::backend::{WorkerError, WorkerLauncher};
use crate::domain::benchmark::ArmResult;
use crate::domain::compare::Comparison;
use crate::domain::environment::Environment;
use crate::domain::estimate::SpeedBasis;
use crate::domain::event::RunEvent;
use crate::domain::model::Model;
use crate::domain::noise::Noise;
use crate::domain::quality::TextName;
use crate::domain::recipe::Recipe;
use crate::domain::run::{Failure, FailureKind, RunSpec};
use crate::domain::sample::{LaunchSample, RequestSample};

/// Everything that a run needs.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How workers are started.
    pub launcher: WorkerLauncher,
    /// The model.
    pub model: Model,
    /// Its file; checked by the library.
    pub path: PathBuf,
    /// What is asked for.
    pub spec: RunSpec,
    /// The user's own text for quality, where one is asked for.
    pub text: Option<(TextName, String)>,
    /// What is known of the model's speed.
    pub basis: SpeedBasis,
    /// The machine.
    pub machine: MachineFacts,
    /// Where variants are made and kept.
    pub workshop: Workshop,
    /// Where the results will be stored.
    pub data_folder: PathBuf,
    /// How it is carried out.
    pub conduct: Conduct,
}

/// What nobody asks for over HTTP: how a run is carried out when measuring
/// itself is what is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conduct {
    /// Whether the run is watched: gauges, and progress while decoding. Off
    /// only to measure what watching costs.
    pub watched: bool,
    /// A true slowdown of every arm but the first, to find out whether it is
    /// found: 0.05 makes each token take 5 % longer.
    pub slowdown: f64,
}

impl Default for Conduct {
    fn default() -> Self {
        Self {
            watched: true,
            slowdown: 0.0,
        }
    }
}

impl Plan {
    /// Threads of the engine.
    pub fn n_threads(&self) -> u32 {
        let asked = self.spec.settings.n_threads;
        asked.unwrap_or_else(|| self.machine.default_threads())
    }

    /// What the arms are called, the baseline first.
    pub fn labels(&self) -> Vec<String> {
        let variants = self.spec.recipes.iter().map(|recipe| {
            match recipe.is_baseline() {
                // Nothing was done to it: it is the model once more.
                true => "baseline again".to_owned(),
                false => recipe.label(),
            }
        });
        std::iter::once(Recipe::default().label())
            .chain(variants)
            .collect()
    }
}

/// One of the models that a run measures.
#[derive(Debug)]
pub(super) struct Arm {
    /// What was done to the run's model.
    pub(super) recipe: Recipe,
    /// The model that came of it.
    pub(super) model: Model,
    /// Its file, open.
    pub(super) file: File,
    /// Where that lies.
    pub(super) path: PathBuf,
}

/// Why nothing was measured. `arm` is named where there are several.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// A model does not fit into the memory that is available now.
    #[error("{0}")]
    DoesNotFit(String),
    /// A worker failed.
    #[error("{}{error}", of(.arm))]
    Worker {
        /// Whose.
        arm: Option<String>,
        /// How.
        error: WorkerError,
    },
    /// A variant could not be made.
    #[error("{arm} could not be made: {error}")]
    Variant {
        /// Which.
        arm: String,
        /// Why.
        error: VariantError,
    },
}

fn of(arm: &Option<String>) -> String {
    let arm = arm.as_ref().map(|arm| format!("{arm}: "));
    arm.unwrap_or_default()
}

impl From<MeasureError> for Failure {
    fn from(error: MeasureError) -> Self {
        let plain = |kind, message| Self {
            kind,
            message,
            log_tail: Vec::new(),
        };
        let named = |before: String, failure: Self| Self {
            message: format!("{before}{}", failure.message),
            ..failure
        };
        match error {
            MeasureError::DoesNotFit(message) => plain(FailureKind::OutOfMemory, message),
            MeasureError::Worker { arm, error } => named(of(&arm), error.into()),
            MeasureError::Variant { arm, error } => {
                let before = format!("{arm} could not be made: ");
                match error {
                    VariantError::Worker(error) => named(before, error.into()),
                    VariantError::Storage(reason) => plain(FailureKind::Storage, before + &reason),
                    VariantError::Refused(reason) | VariantError::Needless(reason) => {
                        plain(FailureKind::ModelNotUsable, before + &reason)
                    }
                }
            }
        }
    }
}

/// What a run says while it is measured, in order.
#[derive(Debug, Clone)]
pub enum Observation {
    /// For everyone who watches.
    Event(RunEvent),
    /// A request, raw.
    Request {
        /// The arm's place in the run.
        position: u32,
        /// Its name, where there are several.
        arm: Option<String>,
        /// What was measured.
        sample: RequestSample,
    },
    /// A launch, raw.
    Launch {
        /// The arm's place in the run.
        position: u32,
        /// What was measured.
        launch: LaunchSample,
    },
}

/// What a run gives.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The figures, one for each arm, the baseline first.
    pub arms: Vec<ArmResult>,
    /// What the variants change; none: there are none. Not judged yet.
    pub comparison: Option<Comparison>,
    /// What the model shows against itself, where that was measured.
    pub noise: Option<Noise>,
    /// What the figures were measured on.
    pub environment: Environment,
}
