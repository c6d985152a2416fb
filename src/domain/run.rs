//! A run: what is asked for, what is allowed, and what is stored of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::benchmark::ArmResult;
use super::defaults;
use super::environment::Environment;
use super::error::AppError;
use super::model::{Model, ModelId};
use super::prompt::{self, Prompt};

/// The number of a run in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a run measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Technique {
    /// The model as it is.
    Baseline,
}

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
pub struct RunRequest {
    /// Library id; none: the last used, else the only model.
    #[serde(default)]
    pub model: Option<String>,
    /// The prompts; none: the defaults.
    #[serde(default)]
    pub test_queries: Option<Vec<Prompt>>,
    /// Fresh launches.
    #[serde(default)]
    pub iterations: Option<i64>,
    /// Tokens to generate for each prompt.
    #[serde(default)]
    pub max_tokens: Option<i64>,
    /// Fixed length or natural stop.
    #[serde(default)]
    pub mode: Option<GenerationMode>,
    /// Threads of the engine; none: the physical cores.
    #[serde(default)]
    pub n_threads: Option<i64>,
    /// Map the file instead of reading it.
    #[serde(default)]
    pub mmap: Option<bool>,
    /// Layers to put on a GPU.
    #[serde(default)]
    pub n_gpu_layers: Option<i64>,
    /// Context length, tokens.
    #[serde(default)]
    pub n_ctx: Option<i64>,
    /// Logical batch, tokens.
    #[serde(default)]
    pub n_batch: Option<i64>,
    /// Physical batch, tokens.
    #[serde(default)]
    pub n_ubatch: Option<i64>,
    /// Fused attention.
    #[serde(default)]
    pub flash_attention: Option<FlashAttention>,
    /// Thrown-away rounds at the start of every launch.
    #[serde(default)]
    pub warm_ups: Option<i64>,
}

/// A request that has passed every check that needs no model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunSpec {
    /// Library id; none: the library's default.
    pub model: Option<ModelId>,
    /// 1 to 64 prompts, none blank.
    pub prompts: Vec<Prompt>,
    /// How to measure.
    pub settings: RunSettings,
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
    type Error = AppError;

    fn try_from(request: RunRequest) -> Result<Self, AppError> {
        let default = RunSettings::default();
        let settings = RunSettings {
            iterations: within(
                "iterations",
                request.iterations,
                1,
                defaults::ITERATIONS_LIMIT,
            )?
            .unwrap_or(default.iterations),
            max_tokens: within(
                "max_tokens",
                request.max_tokens,
                1,
                defaults::MAX_TOKENS_LIMIT,
            )?
            .unwrap_or(default.max_tokens),
            mode: request.mode.unwrap_or_default(),
            n_threads: within("n_threads", request.n_threads, 1, 512)?,
            mmap: request.mmap.unwrap_or(false),
            n_gpu_layers: within("n_gpu_layers", request.n_gpu_layers, 0, 10_000)?.unwrap_or(0),
            n_ctx: within(
                "n_ctx",
                request.n_ctx,
                // The standard prefill must fit.
                defaults::PREFILL_TOKENS,
                defaults::N_CTX_LIMIT,
            )?
            .unwrap_or(default.n_ctx),
            n_batch: within("n_batch", request.n_batch, 1, defaults::N_BATCH_LIMIT)?
                .unwrap_or(default.n_batch),
            n_ubatch: within("n_ubatch", request.n_ubatch, 1, defaults::N_BATCH_LIMIT)?
                .unwrap_or(default.n_ubatch),
            flash_attention: request.flash_attention.unwrap_or_default(),
            warm_ups: within("warm_ups", request.warm_ups, 0, defaults::WARM_UPS_LIMIT)?
                .unwrap_or(default.warm_ups),
        };
        fit_together(&settings)?;
        Ok(Self {
            model: request.model.map(checked_id).transpose()?,
            prompts: checked_prompts(request.test_queries)?,
            settings,
        })
    }
}

fn within(name: &str, value: Option<i64>, least: u32, most: u32) -> Result<Option<u32>, AppError> {
    let Some(value) = value else { return Ok(None) };
    match u32::try_from(value) {
        Ok(value) if (least..=most).contains(&value) => Ok(Some(value)),
        _ => Err(AppError::bad_request(format!(
            "{name} is {value}; it must be {least} to {most}"
        ))),
    }
}

/// Refuses settings that are each allowed and not together.
fn fit_together(settings: &RunSettings) -> Result<(), AppError> {
    let RunSettings {
        n_ctx,
        n_batch,
        n_ubatch,
        max_tokens,
        ..
    } = *settings;
    if n_ubatch > n_batch {
        return Err(AppError::bad_request(format!(
            "n_ubatch is {n_ubatch} and n_batch {n_batch}; a physical batch is a part of a logical \
             one: lower n_ubatch"
        )));
    }
    if max_tokens >= n_ctx {
        return Err(AppError::bad_request(format!(
            "max_tokens is {max_tokens} and n_ctx {n_ctx}; leave room for the prompt"
        )));
    }
    Ok(())
}

pub(super) fn checked_id(id: String) -> Result<ModelId, AppError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if !id.is_empty() && id.len() <= 128 && id.chars().all(allowed) {
        return Ok(ModelId(id));
    }
    Err(AppError::bad_request(
        "model is not a library id; ids are lower-case letters, digits, '.', '_' and '-', \
         and GET /api/models lists them",
    ))
}

fn checked_prompts(prompts: Option<Vec<Prompt>>) -> Result<Vec<Prompt>, AppError> {
    match prompts {
        None => Ok(Prompt::defaults()),
        Some(prompts) => prompt::checked("test_queries", prompts),
    }
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Waits for its turn.
    Queued,
    /// Being measured.
    Running,
    /// Measured and stored.
    Done,
    /// Ended by an error; the failure says which.
    Failed,
    /// Ended by the user.
    Cancelled,
    /// Its server ended before it did.
    Interrupted,
}

impl RunStatus {
    /// Whether nothing more will happen to the run.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Interrupted => "Interrupted",
        }
    }
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Failure {
    /// The kind, for programs.
    pub kind: FailureKind,
    /// What failed, for which input, and what to do.
    pub message: String,
    /// The last lines of the engine's log, oldest first.
    pub log_tail: Vec<String>,
}

/// The kinds of failure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The worker process ended by a signal or with an error code.
    WorkerCrashed,
    /// The worker made no progress within its deadline and was killed.
    WorkerHung,
    /// The worker said something that is no event.
    WorkerProtocol,
    /// The worker could not be started.
    WorkerStart,
    /// The worker needed more memory than there is.
    OutOfMemory,
    /// The engine refused the model.
    ModelNotUsable,
    /// A prompt does not fit.
    PromptNotUsable,
    /// The model's file is gone or is another one now.
    ModelChanged,
    /// The results could not be stored.
    Storage,
    /// A fault of Whittle.
    Internal,
}

/// A run as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// The user's name for it.
    #[serde(default)]
    pub name: Option<String>,
    /// What it measures.
    pub technique: Technique,
    /// How far it has come.
    pub status: RunStatus,
    /// What was asked for.
    pub spec: RunSpec,
    /// The model, as it was when the run was asked for.
    pub model: Model,
    /// When it was asked for: RFC 3339, UTC, to the second.
    pub created_at: String,
    /// When it ended: RFC 3339, UTC, to the second.
    pub finished_at: Option<String>,
    /// Place in the queue, 1 is next; only while queued.
    pub queue_position: Option<u32>,
    /// What it measured, one per arm; the first is the baseline.
    pub arms: Vec<ArmResult>,
    /// What it was measured on.
    pub environment: Option<Environment>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The user's note on it.
    #[serde(default)]
    pub note: Option<String>,
}

impl Run {
    /// The baseline's results, once measured.
    pub fn baseline(&self) -> Option<&ArmResult> {
        self.arms.first()
    }
}

/// One line of the list of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its number.
    pub id: RunId,
    /// The user's name for it.
    #[serde(default)]
    pub name: Option<String>,
    /// What it measures.
    pub technique: Technique,
    /// How far it has come.
    pub status: RunStatus,
    /// The model's id.
    pub model_id: ModelId,
    /// The model's name.
    pub model_name: String,
    /// The model's file type.
    pub file_type: String,
    /// The same, with how the file came to be.
    pub model_kind: String,
    /// When it was asked for: RFC 3339, UTC, to the second.
    pub created_at: String,
    /// Number of prompts.
    pub n_prompts: u32,
    /// How it measures.
    pub settings: RunSettings,
    /// Mean decode speed, once measured.
    pub tokens_per_second: Option<f64>,
    /// Mean response time in seconds, once measured.
    pub response_time_s: Option<f64>,
    /// Peak resident memory in megabytes (10^6 bytes), once measured.
    pub memory_usage_mb: Option<f64>,
    /// Whether something disturbed the measurement; the run says what.
    pub is_unstable: bool,
    /// The user's note on it.
    #[serde(default)]
    pub note: Option<String>,
}
