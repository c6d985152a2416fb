//! Whether the disk has room for what is made, said before and after.

use super::variant::{VariantError, Workshop};
use crate::backend::WorkerError;
use crate::domain::protocol::WorkerErrorKind;
use crate::domain::units;

/// A file that is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// What it is, in words: `Q4_0 of some.gguf`.
    pub(super) name: &'a str,
    /// Bytes that it and what is needed meanwhile take.
    pub(super) n_bytes: u64,
}

impl Workshop {
    /// Refuses what there is no room for, even without what is kept for convenience.
    pub(super) fn ensure_room(&self, wanted: Wanted<'_>) -> Result<(), VariantError> {
        if self.free_bytes().is_some_and(|free| free < wanted.n_bytes) {
            self.drop_kept_pruned();
        }
        match self.free_bytes() {
            Some(free) if free < wanted.n_bytes => Err(self.full(wanted, free)),
            _ => Ok(()),
        }
    }

    fn full(&self, wanted: Wanted<'_>, free: u64) -> VariantError {
        VariantError::Storage(format!(
            "the disk is full: {} needs {} MB, and {} has {} MB free; delete variants on the Models page, or other files, and try again",
            wanted.name,
            units::number(wanted.n_bytes as f64 / 1e6),
            self.variants.display(),
            units::number(free as f64 / 1e6)
        ))
    }

    /// Why a worker failed to write the file, of which `written` bytes are there:
    /// llama.cpp knows of "iostream error" and no more.
    pub(super) fn explain(
        &self,
        wanted: Wanted<'_>,
        written: u64,
        error: WorkerError,
    ) -> VariantError {
        let WorkerError::Refused { kind, message, .. } = &error else {
            return error.into();
        };
        match self.free_bytes() {
            Some(free) if free < wanted.n_bytes.saturating_sub(written) => {
                self.full(wanted, free + written)
            }
            _ if message.contains("iostream") => VariantError::Storage(format!(
                "{} could not be written to {}: the system refused after {} MB of {}; is there a quota, or a limit on the size of files?",
                wanted.name,
                self.variants.display(),
                units::number(written as f64 / 1e6),
                units::number(wanted.n_bytes as f64 / 1e6)
            )),
            _ if *kind == WorkerErrorKind::Storage => VariantError::Storage(format!(
                "the disk is full: {} could not be written to {} ({message}); delete variants on the Models page, or other files, and try again",
                wanted.name,
                self.variants.display()
            )),
            _ if *kind == WorkerErrorKind::Memory => error.into(),
            _ => VariantError::Refused(format!("{} cannot be made: {message}", wanted.name)),
        }
    }
}
