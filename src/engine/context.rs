//! A context: the KV cache and the buffers in which one sequence is decoded.

#![expect(unsafe_code, reason = "calls llama.cpp's context functions")]

use std::ops::Range;
use std::ptr::NonNull;
use std::slice;

use llama_cpp_sys_2 as sys;

use super::error::EngineError;
use super::log;
use super::model::{Model, Token};
use crate::domain::run::FlashAttention;

/// How to make a context.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContextOptions {
    /// Context length, tokens.
    pub(crate) n_ctx: u32,
    /// Logical batch, tokens.
    pub(crate) n_batch: u32,
    /// Physical batch, tokens.
    pub(crate) n_ubatch: u32,
    /// Threads.
    pub(crate) n_threads: u32,
    /// Fused attention.
    pub(crate) flash_attention: FlashAttention,
}

/// A context of one model; freed when dropped.
pub(crate) struct Context<'model> {
    pub(super) raw: NonNull<sys::llama_context>,
    pub(super) n_vocab: usize,
    n_batch: usize,
    flash_attention: FlashAttention,
    /// The positions of the last batch whose logits were asked for, where that
    /// was not the last one alone.
    pub(super) scored: Range<usize>,
    model: &'model Model,
}

impl<'model> Context<'model> {
    /// Makes a context with an F16 KV cache.
    pub(crate) fn new(model: &'model Model, options: ContextOptions) -> Result<Self, EngineError> {
        // 0: every token of a batch may be asked for its logits.
        Self::with_outputs(model, options, 0)
    }

    /// The same with room for the logits of `n_outputs` tokens of a batch.
    pub(super) fn with_outputs(
        model: &'model Model,
        options: ContextOptions,
        n_outputs: u32,
    ) -> Result<Self, EngineError> {
        let n_threads = i32::try_from(options.n_threads).unwrap_or(i32::MAX);
        // SAFETY: takes nothing, gives a plain struct.
        let mut params = unsafe { sys::llama_context_default_params() };
        params.n_ctx = options.n_ctx;
        params.n_batch = options.n_batch;
        params.n_ubatch = options.n_ubatch;
        params.n_seq_max = 1;
        params.n_outputs_max = n_outputs;
        params.n_threads = n_threads;
        params.n_threads_batch = n_threads;
        params.flash_attn_type = match options.flash_attention {
            FlashAttention::Auto => sys::LLAMA_FLASH_ATTN_TYPE_AUTO,
            FlashAttention::On => sys::LLAMA_FLASH_ATTN_TYPE_ENABLED,
            FlashAttention::Off => sys::LLAMA_FLASH_ATTN_TYPE_DISABLED,
        };
        params.type_k = sys::GGML_TYPE_F16;
        params.type_v = sys::GGML_TYPE_F16;
        // The timings are our own.
        params.no_perf = true;
        // SAFETY: the model is alive and outlives the context (`'model`).
        let raw = unsafe { sys::llama_init_from_model(model.as_ptr(), params) };
        let raw = NonNull::new(raw).ok_or_else(|| EngineError::Context(log::last_error()))?;
        Ok(Self {
            raw,
            n_vocab: model.n_vocab(),
            n_batch: options.n_batch as usize,
            flash_attention: options.flash_attention,
            scored: 0..0,
            model,
        })
    }

    /// Forgets everything decoded so far.
    pub(crate) fn clear(&mut self) {
        // SAFETY: the context is alive. The data need not be zeroed: cells
        // without a sequence are never read.
        unsafe { sys::llama_memory_clear(sys::llama_get_memory(self.raw.as_ptr()), false) };
    }

    /// Decodes `tokens` after what is there, and waits until it is done. Only
    /// the logits of the last token are kept.
    pub(crate) fn decode(&mut self, tokens: &[Token]) -> Result<(), EngineError> {
        for chunk in tokens.chunks(self.n_batch.max(1)) {
            self.decode_chunk(chunk)?;
        }
        Ok(())
    }

    /// Decodes a prompt, and calls `on_batch` after each batch but the last.
    pub(crate) fn decode_prompt(
        &mut self,
        tokens: &[Token],
        mut on_batch: impl FnMut(),
    ) -> Result<(), EngineError> {
        let mut left = tokens;
        while left.len() > self.n_batch.max(1) {
            let (batch, rest) = left.split_at(self.n_batch.max(1));
            self.decode_chunk(batch)?;
            on_batch();
            left = rest;
        }
        self.decode_chunk(left)
    }

    fn decode_chunk(&mut self, tokens: &[Token]) -> Result<(), EngineError> {
        let n_tokens = i32::try_from(tokens.len()).unwrap_or(i32::MAX);
        self.scored = 0..0;
        // SAFETY: the batch borrows `tokens` for the call only; llama.cpp
        // reads them although the C type is not const.
        let code = unsafe {
            let batch = sys::llama_batch_get_one(tokens.as_ptr().cast_mut(), n_tokens);
            let code = sys::llama_decode(self.raw.as_ptr(), batch);
            sys::llama_synchronize(self.raw.as_ptr());
            code
        };
        decoded(code)
    }

    /// The most likely next token: the first of the largest logits. With
    /// `end_allowed` off, tokens that end an answer are passed over, as
    /// llama.cpp's `ignore_eos` does.
    pub(crate) fn greedy(&mut self, end_allowed: bool) -> Result<Token, EngineError> {
        let model = self.model;
        let logits = self.logits()?;
        let best = largest(logits, |_| true);
        let best = match best {
            Some(token) if !end_allowed && model.is_end_of_generation(token) => {
                largest(logits, |token| !model.is_end_of_generation(token))
            }
            best => best,
        };
        best.ok_or_else(|| EngineError::Decode {
            code: 0,
            reason: "the model gave no finite logit; its weights are damaged".to_owned(),
        })
    }

    /// The logits of the last token.
    pub(crate) fn logits(&mut self) -> Result<&[f32], EngineError> {
        // SAFETY: -1 asks for the last output; a missing one gives null. Each
        // row has n_vocab numbers and lives until the next decode, which needs
        // `&mut self`.
        unsafe {
            let row = sys::llama_get_logits_ith(self.raw.as_ptr(), -1);
            if row.is_null() {
                return Err(EngineError::Decode {
                    code: 0,
                    reason: "there are no logits".to_owned(),
                });
            }
            Ok(slice::from_raw_parts(row, self.n_vocab))
        }
    }

    /// What was asked for of flash attention, or what the engine decided, in
    /// its log's words.
    pub(crate) fn flash_attention(&self) -> String {
        match self.flash_attention {
            FlashAttention::On => return "on".to_owned(),
            FlashAttention::Off => return "off".to_owned(),
            FlashAttention::Auto => {}
        }
        match log::newest_line_with("Flash Attention") {
            Some(line) if line.contains("enabled") => "auto: enabled".to_owned(),
            Some(line) if line.contains("disabled") => "auto: disabled".to_owned(),
            _ => "auto".to_owned(),
        }
    }
}

/// What a return code of `llama_decode` means.
pub(super) fn decoded(code: i32) -> Result<(), EngineError> {
    match code {
        0 => Ok(()),
        code => Err(EngineError::Decode {
            code,
            reason: log::last_error(),
        }),
    }
}

/// The first of the largest finite logits among the allowed tokens.
fn largest(logits: &[f32], allowed: impl Fn(Token) -> bool) -> Option<Token> {
    let mut best = None;
    let mut largest = f32::NEG_INFINITY;
    for (token, logit) in (0..).zip(logits) {
        if *logit > largest && allowed(token) {
            largest = *logit;
            best = Some(token);
        }
    }
    best
}

impl Drop for Context<'_> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `llama_init_from_model` and is freed once.
        unsafe { sys::llama_free(self.raw.as_ptr()) };
    }
}
