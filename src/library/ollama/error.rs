//! Why a store, or a model in it, cannot be used.

use std::io;

use super::name::Name;
use crate::domain::ollama::OllamaStoreState;

/// Why a store cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("it is a file; the store is the folder that holds Ollama's manifests and blobs")]
    NotAFolder,
    #[error(
        "it has neither manifests nor blobs; the store is the folder that holds both, such as ~/.ollama/models"
    )]
    NotAStore,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl From<StoreError> for OllamaStoreState {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Io(error) if error.kind() == io::ErrorKind::NotFound => Self::Absent,
            StoreError::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Self::NotAllowed
            }
            error => Self::Unreadable {
                reason: error.to_string(),
            },
        }
    }
}

/// Why a model of a store cannot be measured.
#[derive(Debug, thiserror::Error)]
pub(super) enum ModelError {
    #[error("its manifest is not Ollama's; run `ollama pull {0}`")]
    Manifest(Name),
    #[error(
        "its manifest names no GGUF file; models that run in Ollama's cloud, and those in other formats, have none"
    )]
    NoFile,
    #[error("it is spread over several files; Whittle measures models in one file")]
    SeveralFiles,
    #[error(
        "it is a model with a LoRA adapter beside it; merge the adapter into its base model first"
    )]
    Adapter,
    #[error("its manifest names a file by a digest that is none; run `ollama pull {0}`")]
    Digest(Name),
    #[error("its file is missing from the store; run `ollama pull {0}`")]
    Missing(Name),
    #[error(
        "a link that leads out of Ollama's store; move the file that it leads to into the store"
    )]
    LeadsOut,
    #[error("not a regular file; run `ollama rm {0}`, then `ollama pull {0}`")]
    NotAFile(Name),
    #[error("its file cannot be read: {0}")]
    Io(io::Error),
    /// `ollama pull` alone leaves a file that is there as it is.
    #[error(
        "damaged: its content is not what its name says; run `ollama rm {0}`, then `ollama pull {0}`"
    )]
    Damaged(Name),
}
