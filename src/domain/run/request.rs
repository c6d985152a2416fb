//! What is asked for, and what is allowed.

use serde::{Deserialize, Serialize};

use super::problem::RunProblem;
use super::setting::Setting;
use super::unknown::UnknownFields;
use crate::domain::defaults;
use crate::domain::model::ModelId;
use crate::domain::prompt::{self, Prompt};
use crate::domain::quality::{self, EvaluationText, QualitySpec, TextName};
use crate::domain::recipe::Recipe;

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

impl TryFrom<RunRequest> for RunSpec {
    type Error = RunProblem;

    fn try_from(request: RunRequest) -> Result<Self, RunProblem> {
        request.unknown.refuse(RunRequest::FIELDS.into_iter())?;
        let default = RunSettings::default();
        let settings = RunSettings {
            iterations: within(Setting::Iterations, request.iterations)?
                .unwrap_or(default.iterations),
            max_tokens: within(Setting::MaxTokens, request.max_tokens)?
                .unwrap_or(default.max_tokens),
            mode: request.mode.unwrap_or_default(),
            n_threads: within(Setting::NThreads, request.n_threads)?,
            mmap: request.mmap.unwrap_or(false),
            n_gpu_layers: within(Setting::NGpuLayers, request.n_gpu_layers)?.unwrap_or(0),
            n_ctx: within(Setting::NCtx, request.n_ctx)?.unwrap_or(default.n_ctx),
            n_batch: within(Setting::NBatch, request.n_batch)?.unwrap_or(default.n_batch),
            n_ubatch: within(Setting::NUbatch, request.n_ubatch)?.unwrap_or(default.n_ubatch),
            flash_attention: request.flash_attention.unwrap_or_default(),
            warm_ups: within(Setting::WarmUps, request.warm_ups)?.unwrap_or(default.warm_ups),
        };
        fit_together(&settings)?;
        let recipes = checked_recipes(request.recipes.unwrap_or_default())?;
        let chunks = within(Setting::QualityChunks, request.quality_chunks)?;
        check_text(request.evaluation_text.as_ref())?;
        let kept_text = request.kept_text;
        if kept_text.is_some() && request.evaluation_text.is_some() {
            return Err(RunProblem::TwoTexts);
        }
        if kept_text.as_ref().is_some_and(|text| !text.has_hash()) {
            return Err(RunProblem::NotATextHash);
        }
        let quality = request.quality.unwrap_or(false).then(|| QualitySpec {
            n_chunks: chunks.unwrap_or(quality::CHUNKS),
            text: kept_text,
        });
        if quality.is_some() && recipes.is_empty() {
            return Err(RunProblem::QualityOfNothing);
        }
        Ok(Self {
            model: request.model.map(checked_id).transpose()?,
            prompts: checked_prompts(request.test_queries)?,
            settings,
            recipes,
            quality,
        })
    }
}

fn within(setting: Setting, value: Option<i64>) -> Result<Option<u32>, RunProblem> {
    let Some(value) = value else { return Ok(None) };
    match u32::try_from(value) {
        Ok(value) if setting.range().contains(&value) => Ok(Some(value)),
        _ => Err(RunProblem::OutOfRange { setting, value }),
    }
}

/// Refuses settings that are each allowed and not together.
fn fit_together(settings: &RunSettings) -> Result<(), RunProblem> {
    let RunSettings {
        n_ctx,
        n_batch,
        n_ubatch,
        max_tokens,
        ..
    } = *settings;
    if n_ubatch > n_batch {
        return Err(RunProblem::PhysicalBatchTooLarge { n_ubatch, n_batch });
    }
    if max_tokens >= n_ctx {
        return Err(RunProblem::NoRoomForPrompt { max_tokens, n_ctx });
    }
    Ok(())
}

fn checked_recipes(recipes: Vec<Recipe>) -> Result<Vec<Recipe>, RunProblem> {
    if recipes.len() > defaults::RECIPES_LIMIT {
        return Err(RunProblem::TooManyRecipes { n: recipes.len() });
    }
    for (number, recipe) in (1..).zip(&recipes) {
        if recipe.is_baseline() {
            return Err(RunProblem::RecipeEmpty { number });
        }
        let without_imatrix = recipe.quantize.filter(|quantize| !quantize.imatrix);
        if let Some(quantize) = without_imatrix.filter(|one| one.level.needs_imatrix()) {
            return Err(RunProblem::NeedsImatrix(quantize.level));
        }
        if let Some(quantize) = recipe.quantize
            && quantize.imatrix
            && quantize.level.is_unquantized()
        {
            return Err(RunProblem::ImatrixOfNothing(quantize.level));
        }
        if let Some(prune) = recipe.prune
            && !prune.keeps_to_its_budget()
        {
            return Err(RunProblem::BudgetMethod(prune.method));
        }
        if recipes[..number - 1].contains(recipe) {
            return Err(RunProblem::RecipeTwice(*recipe));
        }
    }
    Ok(recipes)
}

fn check_text(text: Option<&EvaluationText>) -> Result<(), RunProblem> {
    let Some(text) = text else { return Ok(()) };
    if text.text.trim().is_empty() {
        return Err(RunProblem::EvaluationTextEmpty);
    }
    let n_bytes = text.text.len();
    if n_bytes > quality::TEXT_BYTES_LIMIT {
        return Err(RunProblem::EvaluationTextTooLong { n_bytes });
    }
    Ok(())
}

pub(in crate::domain) fn checked_id(id: String) -> Result<ModelId, RunProblem> {
    ModelId::checked(id).ok_or(RunProblem::NotAModelId)
}

fn checked_prompts(prompts: Option<Vec<Prompt>>) -> Result<Vec<Prompt>, RunProblem> {
    prompts.map_or_else(|| Ok(Prompt::defaults()), prompt::checked)
}
