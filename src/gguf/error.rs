//! Why a file is not a model that can be measured, in words for its owner.

use std::io;
use std::sync::Arc;

/// What is wrong with a GGUF file.
#[derive(Debug, Clone, thiserror::Error)]
pub enum GgufError {
    /// The file could not be read.
    #[error("the file could not be read: {0}")]
    Io(Arc<io::Error>),
    /// It has no byte.
    #[error("the file is empty; download it again")]
    Empty,
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

impl From<io::Error> for GgufError {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

impl GgufError {
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}

/// Characters of a text from the file that a message repeats: the longest names in
/// use, and a bit.
const SHOWN_CHARS: usize = 64;

/// A text from the file as a message may repeat it: its beginning, with what is not
/// visible written out. It may have 16 MiB and be made for a terminal to obey, or a
/// page to be misread.
pub(super) fn shown(text: &str) -> String {
    let begin: String = text.chars().take(SHOWN_CHARS).collect();
    let rest = if begin.len() < text.len() { "…" } else { "" };
    format!("{}{rest}", begin.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_calls_things_is_cut_and_nothing_obeys_it() {
        assert_eq!(shown("blk.0.ffn_down.weight"), "blk.0.ffn_down.weight");
        assert_eq!(shown("Größe 日本"), "Größe 日本");
        assert_eq!(
            shown("\u{1b}[31m\r\n\u{9b}\u{202e}\0"),
            r"\u{1b}[31m\r\n\u{9b}\u{202e}\0"
        );
        assert_eq!(shown(&"é".repeat(64)), "é".repeat(64));
        assert_eq!(shown(&"é".repeat(65)), "é".repeat(64) + "…");
        let worst = shown(&"\u{10ffff}".repeat(1 << 20));
        assert!(worst.len() < 1000, "{} bytes", worst.len());
    }
}
