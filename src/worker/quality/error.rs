//! Why models were not compared, of which model.

use crate::domain::protocol::WorkerErrorKind;
use crate::engine::EngineError;

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
pub(in crate::worker) enum QualityError {
    /// The text cannot be used.
    #[error("{0}")]
    Text(String),
    /// A model cannot be used.
    #[error("{whose}: {reason}")]
    Model {
        /// Which model.
        whose: String,
        /// Why.
        reason: String,
    },
    /// The memory does not suffice.
    #[error("{0}")]
    Memory(String),
    /// The engine failed.
    #[error(transparent)]
    Compute(#[from] EngineError),
}

impl QualityError {
    /// As the parent is told.
    pub(in crate::worker) fn kind(&self) -> WorkerErrorKind {
        match self {
            Self::Text(_) => WorkerErrorKind::Text,
            Self::Model { .. } => WorkerErrorKind::Model,
            Self::Memory(_) => WorkerErrorKind::Memory,
            Self::Compute(_) => WorkerErrorKind::Compute,
        }
    }
}

/// The sentence's start for the baseline (0) or a variant (from 1).
pub(super) fn whose(number: usize) -> String {
    match number {
        0 => "the baseline cannot be evaluated".to_owned(),
        number => format!("variant {number} cannot be evaluated"),
    }
}

/// The engine's error, of the baseline (0) or a variant (from 1).
pub(super) fn named(number: usize, error: &EngineError) -> QualityError {
    QualityError::Model {
        whose: whose(number),
        reason: error.to_string(),
    }
}
