//! What is asked for, nothing checked yet.

use serde::{Deserialize, Serialize};

use super::unknown::UnknownFields;
use crate::domain::prompt::Prompt;
use crate::domain::quality::{EvaluationText, TextName};
use crate::domain::recipe::Recipe;
// Only the schema, which a test makes, names limits here.
#[cfg(test)]
use crate::domain::{defaults, quality};

/// When a request ends. Never mixed within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GenerationMode {
    /// Exactly `max_tokens`, end of sequence ignored: speeds compare.
    #[default]
    FixedLength,
    /// At the end of sequence, at the latest after `max_tokens`: what a user sees.
    NaturalStop,
}

/// Whether attention is computed in the fused way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FlashAttention {
    /// As the engine chooses for the model and the device.
    #[default]
    Auto,
    /// Always; a model that cannot is refused.
    On,
    /// Never.
    Off,
}

/// A request for a run as it came, nothing checked yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunRequest {
    /// Library id; none: the last used, else the only model.
    #[serde(default)]
    #[cfg_attr(test, schemars(regex(pattern = r"^[a-z0-9._-]{1,128}$")))]
    pub model: Option<String>,
    /// The prompts; none: the defaults.
    #[serde(default)]
    #[cfg_attr(test, schemars(length(min = 1, max = defaults::PROMPTS_LIMIT)))]
    pub test_queries: Option<Vec<Prompt>>,
    /// Fresh launches.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1, max = defaults::ITERATIONS_LIMIT)))]
    pub iterations: Option<i64>,
    /// Tokens to generate for each prompt; fewer than `n_ctx`.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1, max = defaults::MAX_TOKENS_LIMIT)))]
    pub max_tokens: Option<i64>,
    /// Fixed length or natural stop.
    #[serde(default)]
    pub mode: Option<GenerationMode>,
    /// Threads of the engine; none: the physical cores.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1, max = defaults::THREADS_LIMIT)))]
    pub n_threads: Option<i64>,
    /// Map the file instead of reading it.
    #[serde(default)]
    pub mmap: Option<bool>,
    /// Layers to put on a GPU; 0 where Whittle was not built for one.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0, max = defaults::GPU_LAYERS_LIMIT)))]
    pub n_gpu_layers: Option<i64>,
    /// Context length, tokens.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = defaults::PREFILL_TOKENS, max = defaults::N_CTX_LIMIT)))]
    pub n_ctx: Option<i64>,
    /// Logical batch, tokens.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1, max = defaults::N_BATCH_LIMIT)))]
    pub n_batch: Option<i64>,
    /// Physical batch, tokens; at most `n_batch`.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1, max = defaults::N_BATCH_LIMIT)))]
    pub n_ubatch: Option<i64>,
    /// Fused attention.
    #[serde(default)]
    pub flash_attention: Option<FlashAttention>,
    /// Thrown-away rounds at the start of every launch.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0, max = defaults::WARM_UPS_LIMIT)))]
    pub warm_ups: Option<i64>,
    /// The variants to make of the model and to measure against it, in the same
    /// run; none: the model alone.
    #[serde(default)]
    #[cfg_attr(test, schemars(length(max = defaults::RECIPES_LIMIT)))]
    pub recipes: Option<Vec<Recipe>>,
    /// Whether to measure what the variants lose, too.
    #[serde(default)]
    pub quality: Option<bool>,
    /// Chunks of 512 tokens that quality is measured on.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1, max = quality::CHUNKS_LIMIT)))]
    pub quality_chunks: Option<i64>,
    /// The text that quality is measured on; none: the built-in one.
    #[serde(default)]
    pub evaluation_text: Option<EvaluationText>,
    /// In its place: a text that was sent earlier, as a run that was measured on it
    /// names it.
    #[serde(default)]
    pub kept_text: Option<TextName>,
    /// What it has beside these; refused.
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    pub unknown: UnknownFields,
}

impl RunRequest {
    /// Its fields, as they are written.
    pub(super) const FIELDS: [&'static str; 18] = [
        "model",
        "test_queries",
        "iterations",
        "max_tokens",
        "mode",
        "n_threads",
        "mmap",
        "n_gpu_layers",
        "n_ctx",
        "n_batch",
        "n_ubatch",
        "flash_attention",
        "warm_ups",
        "recipes",
        "quality",
        "quality_chunks",
        "evaluation_text",
        "kept_text",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_known_by_its_name() {
        let written = serde_json::to_value(RunRequest::default()).expect("JSON");
        let written: Vec<&String> = written.as_object().expect("fields").keys().collect();
        let mut known = RunRequest::FIELDS;
        known.sort_unstable();
        assert_eq!(written, known);
    }
}
