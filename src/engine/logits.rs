//! Scoring a stretch of text: the logits at many positions at once.

#![expect(unsafe_code, reason = "calls llama.cpp's context functions")]

use std::slice;

use llama_cpp_sys_2 as sys;

use super::context::{Context, ContextOptions, decoded};
use super::error::EngineError;
use super::model::{Model, Token};
use crate::domain::run::FlashAttention;

/// How to score: the batches are as long as the context, since the size of a
/// batch alone moves the figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScoringOptions {
    /// Tokens of a stretch, of the context and of both its batches.
    pub(crate) n_tokens: u32,
    /// Most of them whose logits are asked for.
    pub(crate) n_outputs: u32,
    /// Threads.
    pub(crate) n_threads: u32,
}

impl<'model> Context<'model> {
    /// Makes a context for scoring.
    pub(crate) fn for_scoring(
        model: &'model Model,
        options: ScoringOptions,
    ) -> Result<Self, EngineError> {
        let context = ContextOptions {
            n_ctx: options.n_tokens,
            n_batch: options.n_tokens,
            n_ubatch: options.n_tokens,
            n_threads: options.n_threads,
            flash_attention: FlashAttention::Auto,
        };
        Self::with_outputs(model, context, options.n_outputs)
    }

    /// Decodes `tokens` from an empty context in one batch and keeps the logits
    /// from the token `first` on: see `scored_logits`.
    pub(crate) fn score(&mut self, tokens: &[Token], first: usize) -> Result<(), EngineError> {
        self.clear();
        self.scored = 0..0;
        let n_tokens = i32::try_from(tokens.len()).unwrap_or(i32::MAX);
        let mut is_wanted: Vec<i8> = (0..tokens.len()).map(|i| i8::from(i >= first)).collect();
        // SAFETY: the batch borrows `tokens` and `is_wanted`, which are equally
        // long, for the call only; llama.cpp reads them although the C types are
        // not const. Positions and sequences are null: counted up from 0, in the
        // first sequence.
        let code = unsafe {
            let mut batch = sys::llama_batch_get_one(tokens.as_ptr().cast_mut(), n_tokens);
            batch.logits = is_wanted.as_mut_ptr();
            let code = sys::llama_decode(self.raw.as_ptr(), batch);
            sys::llama_synchronize(self.raw.as_ptr());
            code
        };
        decoded(code)?;
        self.scored = first..tokens.len();
        Ok(())
    }

    /// The logits of the last `score`: a row of the vocabulary's size for each
    /// token from its `first` on.
    pub(crate) fn scored_logits(&self) -> Result<&[f32], EngineError> {
        let missing = || EngineError::Decode {
            code: 0,
            reason: "there are no logits".to_owned(),
        };
        if self.scored.is_empty() {
            return Err(missing());
        }
        let first = i32::try_from(self.scored.start).map_err(|_| missing())?;
        // SAFETY: the last batch, decoded by `score`, asked for the logits of the
        // tokens in `scored` and no others: llama.cpp keeps them as consecutive
        // rows of n_vocab numbers, and gives null for a token without. They live
        // until the next decode, which needs `&mut self`.
        unsafe {
            let row = sys::llama_get_logits_ith(self.raw.as_ptr(), first);
            if row.is_null() {
                return Err(missing());
            }
            Ok(slice::from_raw_parts(row, self.scored.len() * self.n_vocab))
        }
    }
}
