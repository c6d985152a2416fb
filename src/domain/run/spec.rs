//! What is measured, and how: a request that has passed every check.

use serde::{Deserialize, Serialize};

use super::problem::RunProblem;
use super::request::{FlashAttention, GenerationMode};
use crate::domain::defaults;
use crate::domain::model::ModelId;
use crate::domain::prompt::Prompt;
use crate::domain::quality::QualitySpec;
use crate::domain::recipe::Recipe;

/// A request that has passed every check that needs no model. A text for quality
/// that comes with it is checked with it and not in it: the server keeps the text
/// and puts its name here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunSpec {
    /// Library id; none: the library's default.
    pub model: Option<ModelId>,
    /// 1 to 64 prompts, none blank.
    pub prompts: Vec<Prompt>,
    /// How to measure.
    pub settings: RunSettings,
    /// The variants to compare with the model; empty: the baseline alone. An
    /// empty recipe is the model once more: what it shows against itself.
    #[serde(default)]
    pub recipes: Vec<Recipe>,
    /// The quality to measure; none: none.
    #[serde(default)]
    pub quality: Option<QualitySpec>,
}

impl RunSpec {
    /// The same model against itself: the noise that a comparison with these prompts and
    /// settings is judged by.
    #[must_use]
    pub fn against_itself(&self) -> Self {
        Self {
            settings: RunSettings {
                iterations: defaults::NOISE_LAUNCHES,
                ..self.settings.clone()
            },
            recipes: vec![Recipe::default()],
            quality: None,
            ..self.clone()
        }
    }
}

/// How a run measures. What an older version did not store was the default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RunSettings {
    /// Fresh launches of the worker: the replicates.
    pub iterations: u32,
    /// Tokens generated for each prompt, at most or exactly, as `mode` says.
    pub max_tokens: u32,
    /// Fixed length or natural stop.
    pub mode: GenerationMode,
    /// Threads of the engine; none: the physical cores.
    pub n_threads: Option<u32>,
    /// Map the file instead of reading it.
    pub mmap: bool,
    /// Layers to put on a GPU; 0: all on the CPU.
    pub n_gpu_layers: u32,
    /// Context length, tokens.
    pub n_ctx: u32,
    /// Logical batch, tokens.
    pub n_batch: u32,
    /// Physical batch, tokens; at most `n_batch`.
    pub n_ubatch: u32,
    /// Fused attention.
    pub flash_attention: FlashAttention,
    /// Thrown-away rounds at the start of every launch.
    pub warm_ups: u32,
}

impl RunSettings {
    /// Refuses what this Whittle was not built for.
    ///
    /// # Errors
    /// When layers shall go to a GPU and there is no support for any.
    pub fn check_gpu(&self, has_gpu: bool) -> Result<(), RunProblem> {
        match self.n_gpu_layers {
            0 => Ok(()),
            _ if has_gpu => Ok(()),
            n_layers => Err(RunProblem::NoGpu {
                n_layers: n_layers.into(),
            }),
        }
    }
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            iterations: defaults::ITERATIONS,
            max_tokens: defaults::MAX_TOKENS,
            mode: GenerationMode::FixedLength,
            n_threads: None,
            mmap: false,
            n_gpu_layers: 0,
            n_ctx: defaults::N_CTX,
            n_batch: defaults::N_BATCH,
            n_ubatch: defaults::N_UBATCH,
            flash_attention: FlashAttention::Auto,
            warm_ups: defaults::WARM_UPS,
        }
    }
}
