//! What can go wrong with models and folders.

use std::path::PathBuf;

use crate::domain::model::{Model, ModelId, ModelOrigin};
use crate::gguf::GgufError;

/// An error of the library.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// No folder has a model with this id.
    #[error(
        "no model {0} is in the library; GET /api/models and the Models page list what is there"
    )]
    Unknown(ModelId),
    /// Only what was made here is deleted.
    #[error(
        "{} is a base model: Whittle did not make it, and deletes only the variants that it made; {}",
        .0.called(),
        removal(.0)
    )]
    NotMadeHere(Box<Model>),
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A path that must be a folder is something else.
    #[error("{} is not a folder; give the folder that holds your .gguf files", .0.display())]
    NotAFolder(PathBuf),
    /// The file is no model that can be measured.
    #[error("{0}")]
    Unusable(#[from] GgufError),
    /// The same of a file in Ollama's store.
    #[error("{name} in Ollama's store cannot be measured: {reason}")]
    InOllama {
        /// Ollama's name of the model.
        name: String,
        /// Why.
        reason: String,
    },
    /// The hash is not there yet.
    #[error(
        "{0} is still being read for the first time, which waits while anything is measured; try again in a minute"
    )]
    StillHashing(String),
    /// A variant's file could not be removed.
    #[error("{name} could not be deleted: {source}")]
    NotDeleted {
        /// Which.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// The thread that hashes did not start.
    #[error("the library could not be started: {0}")]
    Start(std::io::Error),
    /// Another Whittle serves this data folder.
    #[error("another Whittle serves the data folder {}; open its address, stop it, or give another --data-dir", .0.display())]
    InUse(PathBuf),
}

/// How its owner deletes a model that was not made here.
fn removal(model: &Model) -> String {
    match model.origin {
        ModelOrigin::Ollama => format!("`ollama rm {}` removes it", model.name),
        _ => "delete its file where you keep it, and it is no longer listed".to_owned(),
    }
}
