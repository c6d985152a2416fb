//! Making variants: a base model, a recipe, one file that is made once.

use std::fs::File;
use std::path::PathBuf;

use crate::backend::{WorkerError, WorkerLauncher};
use crate::domain::model::Model;
use crate::domain::recipe::Recipe;

/// Where variants are made and kept.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// How workers are started.
    pub launcher: WorkerLauncher,
    /// The data folder's `variants/`.
    pub variants: PathBuf,
    /// The data folder's `cache/`, for importance matrices.
    pub cache: PathBuf,
    /// Threads of the engine.
    pub n_threads: u32,
}

/// A variant's file, ready to be measured.
#[derive(Debug, Clone)]
pub struct Variant {
    /// As the library shows it.
    pub model: Model,
    /// Its file.
    pub path: PathBuf,
}

/// How far making a variant has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Making {
    /// The importance matrix is being collected: chunks done and in all.
    Imatrix(u32, u32),
    /// Tensors are being rewritten: tensors done and in all.
    Tensors(u32, u32),
    /// The file is being read once more, for its hash.
    Hashing,
}

/// Why a variant was not made. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum VariantError {
    /// The model, the recipe or the machine forbids it; the sentence says what
    /// to do.
    #[error("{0}")]
    Refused(String),
    /// The worker failed.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The file could not be written.
    #[error("{0}")]
    Storage(String),
}

impl Workshop {
    /// The variant of `base` (open as `file`) that `recipe` describes: made now,
    /// or found as it was made earlier. Dropping the future ends the worker and
    /// removes what it wrote.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn make(
        &self,
        _base: &Model,
        _file: &File,
        _recipe: &Recipe,
        _on_progress: impl FnMut(Making) + Send,
    ) -> Result<Variant, VariantError> {
        Err(VariantError::Refused("not built yet".to_owned()))
    }
}
