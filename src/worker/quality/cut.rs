//! A text cut into chunks, by a model's vocabulary.

use std::path::Path;

use super::error::{QualityError, named};
use crate::domain::evaluation::EvaluationText;
use crate::domain::quality::CHUNK_TOKENS;
use crate::domain::units;
use crate::engine::Model;
use crate::evaluate::{Chunk, Text, chunks};

/// Whether there is a chunk at all.
pub(in crate::worker) fn check_text(
    model: &str,
    text: &EvaluationText,
) -> Result<(), QualityError> {
    let vocabulary = Model::load_vocabulary(Path::new(model)).map_err(|error| named(0, &error))?;
    cut(&Text::of(Some(text)), &vocabulary, 1).map(drop)
}

/// The first chunks, at most `n_most`, and one at least.
pub(super) fn cut(
    text: &Text,
    vocabulary: &Model,
    n_most: u32,
) -> Result<Vec<Chunk>, QualityError> {
    let tokens = vocabulary.tokenize(text.as_str(), false)?;
    let chunks = chunks(&tokens, vocabulary.bos(), n_most.max(1));
    if chunks.is_empty() {
        return Err(QualityError::Text(format!(
            "the text “{}” has {}, and one chunk needs {CHUNK_TOKENS} (llama.cpp's own tool asks \
             for two chunks): use a longer text",
            text.name().name,
            units::plural(tokens.len() as u64, "token", "tokens")
        )));
    }
    Ok(chunks)
}
