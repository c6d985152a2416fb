//! Why a file is not a model that can be measured, in words for its owner.

/// What is wrong with a GGUF file.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    /// The file could not be read.
    #[error("the file could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// It does not begin with `GGUF`.
    #[error(
        "not a GGUF file: it does not begin with \"GGUF\"; convert it with llama.cpp's convert_hf_to_gguf.py, or download its GGUF"
    )]
    NotGguf,
    /// A version that llama.cpp does not read.
    #[error(
        "GGUF version {0} is not supported; versions 2 and 3 are (a big-endian file looks like a huge version)"
    )]
    Version(u32),
    /// It ends too early.
    #[error(
        "the file is truncated: {what} needs {needed} bytes and the file has {present}; download it again"
    )]
    Truncated {
        /// What does not fit.
        what: &'static str,
        /// Bytes that the file would need.
        needed: u64,
        /// Bytes that it has.
        present: u64,
    },
    /// The header contradicts itself or the format.
    #[error("the file is damaged: {0}; download it again")]
    Damaged(String),
    /// A GGUF that is no language model which generates text.
    #[error("{0}")]
    NotGenerative(String),
}

impl GgufError {
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}
