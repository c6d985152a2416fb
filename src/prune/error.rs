//! Why a model was not pruned.

use std::io;

use crate::domain::protocol::WorkerErrorKind;
use crate::engine::{EngineError, is_full};
use crate::gguf::{GgufError, NotPrunable};

/// An error of pruning.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PruneError {
    /// The calibration text cannot be used.
    #[error("{0}")]
    Text(String),
    /// The memory does not suffice.
    #[error("{0}")]
    Memory(String),
    /// The model cannot be pruned so.
    #[error(transparent)]
    Model(#[from] NotPrunable),
    /// The model's numbers are none.
    #[error("the model's activations are not finite numbers; its weights may be damaged")]
    NotFinite,
    /// The file cannot be used.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file could not be read or written.
    #[error("{doing}: {error}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        error: io::Error,
    },
}

impl PruneError {
    /// As the parent is told.
    pub(crate) fn kind(&self) -> WorkerErrorKind {
        match self {
            Self::Text(_) => WorkerErrorKind::Text,
            Self::Memory(_) => WorkerErrorKind::Memory,
            Self::Model(_) | Self::NotFinite | Self::Gguf(_) => WorkerErrorKind::Model,
            Self::File { error, .. } if is_full(error) => WorkerErrorKind::Storage,
            Self::Engine(_) | Self::File { .. } => WorkerErrorKind::Compute,
        }
    }

    /// Of a file.
    pub(super) fn file(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self::File { doing, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_no_fault_of_the_model() {
        let kind = |error: io::ErrorKind| PruneError::file("writing")(error.into()).kind();
        assert_eq!(kind(io::ErrorKind::StorageFull), WorkerErrorKind::Storage);
        assert_eq!(
            kind(io::ErrorKind::PermissionDenied),
            WorkerErrorKind::Compute
        );
    }
}
