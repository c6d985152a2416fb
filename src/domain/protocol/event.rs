//! What a worker answers.

use serde::{Deserialize, Serialize};

use crate::domain::environment::{EngineInfo, LoadReport, Sandbox};
use crate::domain::evaluation::{EvaluationProgress, EvaluationReport};
use crate::domain::pruning::{BlockSearch, PruningCut, PruningProgress};
use crate::domain::quality::AnswerComparison;
use crate::domain::sample::{Generation, MemoryReading, Prefill};
use crate::domain::variant::Fallback;

/// An event, worker to parent, on standard output. Apart from the events of a
/// run, so that a browser never depends on what a worker says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum WorkerEvent {
    /// The process is up; its first line.
    Started {
        /// The engine.
        engine: EngineInfo,
        /// What it can reach.
        sandbox: Sandbox,
    },
    /// Part of the model is loaded.
    LoadProgress {
        /// 0 to 1.
        fraction: f32,
    },
    /// The model is loaded.
    Loaded(LoadReport),
    /// A batch of a prompt is processed, and more are left.
    PromptProgress,
    /// Tokens are being generated; at most twice a second.
    Progress {
        /// Tokens of this request so far.
        n_generated: u32,
        /// Speed over the last half second or so.
        tokens_per_second: f64,
    },
    /// It is another arm's turn.
    TurnOver {
        /// Tokens of this request so far.
        n_generated: u32,
        /// Speed over this turn; none where nothing was timed in it.
        tokens_per_second: Option<f64>,
    },
    /// A request is done.
    Generated(Generation),
    /// The prefill is done.
    Prefilled(Prefill),
    /// Memory was read.
    Memory(MemoryReading),
    /// The F16 file is written and on disk.
    Upcast,
    /// How large the tensors of the variants would be.
    Predicted {
        /// Bytes, in the order of the recipes.
        tensor_bytes: Vec<u64>,
    },
    /// A chunk of the calibration text is read.
    ImatrixProgress {
        /// Chunks done.
        chunk: u32,
        /// In all.
        n_chunks: u32,
    },
    /// The importance matrix is written.
    ImatrixCollected {
        /// The chunks that it was collected on.
        n_chunks: u32,
    },
    /// A tensor is being rewritten.
    TensorProgress {
        /// Its number, from 1.
        tensor: u32,
        /// In all.
        n_tensors: u32,
    },
    /// The quantized file is written.
    Quantized {
        /// Tensors that got another type than was meant.
        fallbacks: Vec<Fallback>,
        /// How long it took, s.
        quantize_s: f64,
    },
    /// Pruning has come further; at most ten times a second.
    Pruning(PruningProgress),
    /// A search for blocks has come further, by a block: what is known now.
    Searched(BlockSearch),
    /// The pruned file is written.
    Pruned(Box<PruningCut>),
    /// The text is long enough.
    TextChecked,
    /// A chunk of an evaluation is scored by one model.
    Scored(EvaluationProgress),
    /// A model has answered some of the prompts.
    Answering {
        /// Answers of all models so far.
        done: u32,
        /// In all.
        of: u32,
    },
    /// Both answers to one prompt.
    Answered {
        /// The variant, from 0.
        variant: u32,
        /// The answers.
        answer: AnswerComparison,
    },
    /// An evaluation is done.
    Evaluated(Box<EvaluationReport>),
    /// The last command failed; the worker lives on.
    Failed {
        /// The kind.
        kind: WorkerErrorKind,
        /// What failed and what to do.
        message: String,
    },
}

/// Why a command failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerErrorKind {
    /// The engine refused the model.
    Model,
    /// The prompt does not fit the context.
    Prompt,
    /// The evaluation text cannot be used.
    Text,
    /// The models need more memory than they may use.
    Memory,
    /// The disk is full, or a limit on what may be written is reached.
    Storage,
    /// The command came in the wrong order or made no sense.
    Command,
    /// The engine failed while computing.
    Compute,
}
