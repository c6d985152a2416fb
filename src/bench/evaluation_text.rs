//! The user's own evaluation text, from the bytes of a file.

use sha2::{Digest, Sha256};

use crate::domain::quality::{TEXT_FILE_BYTES_LIMIT, TextName};
use crate::domain::units;

/// Longest text, bytes.
const LIMIT: u64 = TEXT_FILE_BYTES_LIMIT as u64;

/// Why bytes are no evaluation text.
#[derive(Debug, thiserror::Error)]
pub enum TextProblem {
    /// There are too many.
    #[error(
        "the text “{name}” has {} MB, and at most {} MB are taken, more than 1,000 chunks need: \
         use a part of it",
        megabytes(.n_bytes),
        megabytes(&LIMIT)
    )]
    TooLarge {
        /// The file's name.
        name: String,
        /// Bytes that it has.
        n_bytes: u64,
    },
    /// They are no text.
    #[error(
        "“{name}” is no UTF-8 text: byte {} is none of a character; save it as UTF-8 or use \
         another file",
        number_of(.at)
    )]
    NotUtf8 {
        /// The file's name.
        name: String,
        /// Where the first wrong byte is, from 0.
        at: u64,
    },
    /// There are none.
    #[error("the text “{0}” is empty: use another file")]
    Empty(String),
}

/// The text in `bytes`, with its name and hash; whether it has enough tokens,
/// the model says.
///
/// # Errors
/// When it is empty, too large, or no UTF-8.
pub fn evaluation_text(name: &str, bytes: Vec<u8>) -> Result<(TextName, String), TextProblem> {
    check_size(name, bytes.len() as u64)?;
    let text = String::from_utf8(bytes).map_err(|error| TextProblem::NotUtf8 {
        name: name.to_owned(),
        at: error.utf8_error().valid_up_to() as u64,
    })?;
    if text.trim().is_empty() {
        return Err(TextProblem::Empty(name.to_owned()));
    }
    let hash = Sha256::digest(text.as_bytes());
    let name = TextName {
        name: name.to_owned(),
        sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    Ok((name, text))
}

/// Whether a file of `n_bytes` need be read at all.
///
/// # Errors
/// When it is too large.
pub fn check_size(name: &str, n_bytes: u64) -> Result<(), TextProblem> {
    if n_bytes > LIMIT {
        return Err(TextProblem::TooLarge {
            name: name.to_owned(),
            n_bytes,
        });
    }
    Ok(())
}

/// Counted from 1, as people do.
fn number_of(at: &u64) -> String {
    units::count(at + 1)
}

fn megabytes(n_bytes: &u64) -> String {
    units::number(*n_bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_name_and_gets_its_hash() {
        let (name, text) = evaluation_text("mine.txt", b"abc".to_vec()).unwrap();
        assert_eq!((name.name.as_str(), text.as_str()), ("mine.txt", "abc"));
        // FIPS 180-2, appendix B.1
        assert!(name.sha256.starts_with("ba7816bf8f01cfea") && name.sha256.ends_with("f20015ad"));
    }

    #[test]
    fn what_is_no_text_is_said_with_the_remedy() {
        let problem = |bytes: &[u8]| {
            let problem = evaluation_text("mine.txt", bytes.to_vec()).unwrap_err();
            problem.to_string()
        };
        assert!(
            problem(b"abc\xff").contains("byte 4"),
            "{}",
            problem(b"abc\xff")
        );
        assert!(problem(b" \n").contains("is empty"));
        let huge = vec![b'a'; TEXT_FILE_BYTES_LIMIT + 1];
        assert!(problem(&huge).contains("4.19 MB"), "{}", problem(&huge));
    }
}
