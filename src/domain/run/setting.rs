//! The numbers that a request may set: their names, their labels, their ranges.

use std::ops::RangeInclusive;

use crate::domain::defaults;
use crate::domain::quality::CHUNKS_LIMIT;

/// A whole number of a request for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Fresh launches.
    Iterations,
    /// Tokens to generate for each prompt.
    MaxTokens,
    /// Threads of the engine.
    NThreads,
    /// Layers to put on a GPU.
    NGpuLayers,
    /// Context length, tokens.
    NCtx,
    /// Logical batch, tokens.
    NBatch,
    /// Physical batch, tokens.
    NUbatch,
    /// Thrown-away rounds at the start of every launch.
    WarmUps,
    /// Chunks that quality is measured on.
    QualityChunks,
}

impl Setting {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 9] = [
        Self::Iterations,
        Self::MaxTokens,
        Self::NThreads,
        Self::NGpuLayers,
        Self::NCtx,
        Self::NBatch,
        Self::NUbatch,
        Self::WarmUps,
        Self::QualityChunks,
    ];

    /// Its field in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Iterations => "iterations",
            Self::MaxTokens => "max_tokens",
            Self::NThreads => "n_threads",
            Self::NGpuLayers => "n_gpu_layers",
            Self::NCtx => "n_ctx",
            Self::NBatch => "n_batch",
            Self::NUbatch => "n_ubatch",
            Self::WarmUps => "warm_ups",
            Self::QualityChunks => "quality_chunks",
        }
    }

    /// What the form calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Iterations => "Iterations",
            Self::MaxTokens => "Tokens per prompt",
            Self::NThreads => "Threads",
            Self::NGpuLayers => "GPU layers",
            Self::NCtx => "Context",
            Self::NBatch => "Batch",
            Self::NUbatch => "Physical batch",
            Self::WarmUps => "Warm-ups",
            Self::QualityChunks => "Chunks",
        }
    }

    /// What is allowed.
    pub fn range(self) -> RangeInclusive<u32> {
        match self {
            Self::Iterations => 1..=defaults::ITERATIONS_LIMIT,
            Self::MaxTokens => 1..=defaults::MAX_TOKENS_LIMIT,
            Self::NThreads => 1..=defaults::THREADS_LIMIT,
            Self::NGpuLayers => 0..=defaults::GPU_LAYERS_LIMIT,
            // The standard prefill must fit.
            Self::NCtx => defaults::PREFILL_TOKENS..=defaults::N_CTX_LIMIT,
            Self::NBatch | Self::NUbatch => 1..=defaults::N_BATCH_LIMIT,
            Self::WarmUps => 0..=defaults::WARM_UPS_LIMIT,
            Self::QualityChunks => 1..=CHUNKS_LIMIT,
        }
    }
}
