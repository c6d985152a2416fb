//! How a run ended, with what is kept of it.

use crate::domain::benchmark::ArmResult;
use crate::domain::compare::Comparison;
use crate::domain::environment::Environment;
use crate::domain::event::RunEvent;
use crate::domain::noise::{Noise, NoiseKey};
use crate::domain::run::{Failure, RunStatus};

/// What is kept of a run that was measured.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The figures, one for each arm, the baseline first.
    pub arms: Vec<ArmResult>,
    /// What the variants change.
    pub comparison: Option<Comparison>,
    /// What the model shows against itself, if that was measured.
    pub noise: Option<(NoiseKey, Noise)>,
    /// What the figures were measured on.
    pub environment: Environment,
}

/// How a run ended, with what is kept of it.
#[derive(Debug, Clone)]
pub enum Ending {
    /// Measured.
    Done(Box<Finished>),
    /// Failed.
    Failed(Failure),
    /// Ended by the user.
    Cancelled,
    /// Ended because its process ends.
    Interrupted,
}

impl Ending {
    /// The status that goes with it.
    pub fn status(&self) -> RunStatus {
        match self {
            Self::Done(_) => RunStatus::Done,
            Self::Failed(_) => RunStatus::Failed,
            Self::Cancelled => RunStatus::Cancelled,
            Self::Interrupted => RunStatus::Interrupted,
        }
    }

    /// The event that goes with it.
    pub fn event(&self) -> RunEvent {
        match self {
            Self::Done(_) => RunEvent::Done,
            Self::Failed(failure) => RunEvent::Failed {
                failure: failure.clone(),
            },
            Self::Cancelled => RunEvent::Cancelled,
            Self::Interrupted => RunEvent::Interrupted,
        }
    }
}
