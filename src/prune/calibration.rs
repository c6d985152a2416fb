//! The calibration text in tokens: what activations are collected on.

use std::path::Path;

use super::conversation::{EVERY, conversations};
use super::error::PruneError;
use crate::engine::{Model, Token};

/// How much of a text is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CalibrationOptions<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// Tokens of a chunk.
    pub(crate) n_ctx: u32,
    /// Chunks, if no more are needed.
    pub(crate) n_chunks: u32,
}

/// Chunks of tokens, equally long.
pub(super) struct Calibration {
    chunks: Vec<Vec<Token>>,
}

impl Calibration {
    /// Cuts the text by the vocabulary of the model at `path`, and takes chunks from
    /// all over it, every fifth of which as conversations. Where the model wants a text
    /// to begin with a token of its own, that replaces the first of each chunk.
    ///
    /// Fails unless there are `n_least` tokens: a layer of so many neurons has as
    /// many directions, and what is not seen in one is not known of it.
    pub(super) fn of(
        path: &Path,
        options: CalibrationOptions<'_>,
        n_least: usize,
    ) -> Result<Self, PruneError> {
        let vocabulary = Model::load_vocabulary(path)?;
        let tokens = vocabulary.tokenize(options.text, false)?;
        let whole = tokens.chunks_exact(options.n_ctx.max(1) as usize);
        let all = Self {
            chunks: whole.map(<[Token]>::to_vec).collect(),
        };
        let n_needed = n_least.div_ceil(options.n_ctx.max(1) as usize);
        let calibration = all
            .spread(n_needed.max(options.n_chunks as usize))
            .with_conversations(&vocabulary)?
            .beginning_with(vocabulary.bos())
            .with_a_mixed_end();
        let n_read = calibration.n_tokens();
        if n_read < n_least.max(1) {
            return Err(PruneError::Text(format!(
                "the calibration text is too short: it has {} tokens, of which {n_read} are read in \
                 {} chunks of {}, and a layer of {n_least} neurons needs at least as many; use a \
                 longer text",
                tokens.len(),
                calibration.chunks.len(),
                options.n_ctx
            )));
        }
        Ok(calibration)
    }

    /// Some of its chunks as conversations, if the model knows some.
    fn with_conversations(mut self, vocabulary: &Model) -> Result<Self, PruneError> {
        for chunk in self.chunks.iter_mut().skip(EVERY / 2).step_by(EVERY) {
            if let Some(said) = conversations(vocabulary, chunk)? {
                *chunk = said;
            }
        }
        Ok(self)
    }

    /// Each chunk with this as its first token.
    fn beginning_with(mut self, token: Option<Token>) -> Self {
        for chunk in &mut self.chunks {
            if let (Some(first), Some(token)) = (chunk.first_mut(), token) {
                *first = token;
            }
        }
        self
    }

    /// The same chunks, so that the last quarter of them is from all over the text:
    /// by these it is judged what the others say.
    fn with_a_mixed_end(self) -> Self {
        let (end, mut begin) = self.split(self.chunks.len() / 4);
        begin.chunks.extend(end.chunks);
        begin
    }

    /// `n` of its chunks, evenly spread.
    pub(super) fn spread(&self, n: usize) -> Self {
        self.split(n).0
    }

    /// `n` of its chunks, evenly spread, and the others.
    pub(super) fn split(&self, n: usize) -> (Self, Self) {
        let n_all = self.chunks.len();
        let n = n.min(n_all);
        let is_of_them = |i: usize| (0..n).any(|k| k * n_all / n == i);
        let chunks = self.chunks.iter().cloned().enumerate();
        let (these, others): (Vec<_>, Vec<_>) = chunks.partition(|(i, _)| is_of_them(*i));
        let of = |chunks: Vec<(usize, Vec<Token>)>| Self {
            chunks: chunks.into_iter().map(|(_, chunk)| chunk).collect(),
        };
        (of(these), of(others))
    }

    /// Tokens, of all chunks.
    pub(super) fn n_tokens(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// The chunks.
    pub(super) fn chunks(&self) -> &[Vec<Token>] {
        &self.chunks
    }
}
