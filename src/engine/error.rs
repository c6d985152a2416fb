//! What can go wrong inside the engine.

use std::io;

use super::activations::Place;

/// An error of llama.cpp, with the reason from its log where it gave one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// The model could not be loaded.
    #[error("llama.cpp could not load the model: {0}")]
    Load(String),
    /// The model cannot generate text.
    #[error("{0}")]
    NotATextModel(String),
    /// The context could not be made.
    #[error("llama.cpp could not make a context: {0}")]
    Context(String),
    /// Decoding failed.
    #[error("llama.cpp failed while computing (code {code}): {reason}")]
    Decode {
        /// The return code of `llama_decode`.
        code: i32,
        /// The last words of the log.
        reason: String,
    },
    /// A text could not be turned into tokens.
    #[error("llama.cpp could not tokenize the prompt: {0}")]
    Tokenize(String),
    /// A text or a path contains a NUL byte.
    #[error("{0} contains a NUL byte")]
    Nul(&'static str),
    /// A file could not be rewritten.
    #[error("llama.cpp could not write the model: {0}")]
    Quantize(String),
    /// An importance matrix could not be collected, or not be read.
    #[error("{0}")]
    Imatrix(String),
    /// A block did not compute what was looked for.
    #[error(
        "llama.cpp computed no {0} in the expected shape, so that nothing is known of this block"
    )]
    Unseen(Place),
    /// Weights could not be turned into numbers, or back.
    #[error("{0}")]
    Rows(String),
    /// The importance matrix could not be kept.
    #[error("the importance matrix could not be kept: {0}")]
    Keep(#[from] io::Error),
}

/// Whether there is no room to write to: nothing that the model could be blamed for.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};

    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
