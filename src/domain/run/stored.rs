//! A run as it is stored: how far it has come, what it measured, why it failed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::spec::{RunSettings, RunSpec};
use crate::domain::benchmark::{self, ArmResult};
use crate::domain::compare::Comparison;
use crate::domain::environment::Environment;
use crate::domain::model::{Model, ModelId};
use crate::domain::recipe::Recipe;

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
    /// Quantized variants of it, against it.
    Quantization,
    /// Pruned variants of it, against it.
    Pruning,
    /// The model against itself: what it shows where nothing differs.
    Noise,
}

impl Technique {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Baseline,
        Self::Quantization,
        Self::Pruning,
        Self::Noise,
    ];

    /// Of a run that makes these of its model.
    pub fn of(recipes: &[Recipe]) -> Self {
        match recipes {
            [] => Self::Baseline,
            recipes if recipes.iter().all(Recipe::is_baseline) => Self::Noise,
            recipes if recipes.iter().any(|recipe| recipe.prune.is_some()) => Self::Pruning,
            _ => Self::Quantization,
        }
    }

    /// As requests and addresses write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Quantization => "quantization",
            Self::Pruning => "pruning",
            Self::Noise => "noise",
        }
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Baseline => "Baseline",
            Self::Quantization => "Quantization",
            Self::Pruning => "Pruning",
            Self::Noise => "Model against itself",
        }
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
    /// What the variants change; only where there are some and all is measured.
    #[serde(default)]
    pub comparison: Option<Comparison>,
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

    /// What a reader should know: of the whole run, then of its arms, with their
    /// names where there are several.
    pub fn warnings(&self) -> Vec<String> {
        let of_run = self.comparison.iter().flat_map(|one| one.warnings.clone());
        let of_arms = benchmark::said_of(&self.arms, |arm| &arm.warnings);
        of_run.chain(of_arms).collect()
    }

    /// What disturbed the measurement of which arms.
    pub fn disturbances(&self) -> Vec<String> {
        benchmark::said_of(&self.arms, |arm| &arm.unstable)
    }
}

#[cfg(test)]
impl Run {
    /// For tests: one that waits, of one prompt.
    pub(crate) fn sample() -> Self {
        use crate::domain::run::RunRequest;

        let request = RunRequest {
            test_queries: Some(vec!["hello".into()]),
            ..RunRequest::default()
        };
        Self {
            id: RunId(12),
            name: None,
            technique: Technique::Baseline,
            status: RunStatus::Queued,
            spec: RunSpec::try_from(request).expect("a run"),
            model: Model::sample("F16", None),
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            finished_at: None,
            queue_position: Some(2),
            arms: Vec::new(),
            comparison: None,
            environment: None,
            failure: None,
            note: None,
        }
    }
}

/// One line of the list of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// The variants that it compares with the model; empty: none.
    #[serde(default)]
    pub recipes: Vec<Recipe>,
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
