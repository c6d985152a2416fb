//! What the parent asks of a worker.

use serde::{Deserialize, Serialize};

use crate::domain::evaluation::{EvaluationCommand, EvaluationText};
use crate::domain::pruned_labels::Origin;
use crate::domain::pruning::{BlockSearch, Prune};
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::Quantize;
use crate::domain::run::{FlashAttention, GenerationMode};

/// A command, parent to worker, on standard input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum WorkerCommand {
    /// Load a model and make a context; answered by `Loaded`.
    Load(LoadCommand),
    /// Process `n_tokens` tokens from an empty context; answered by `Prefilled`.
    Prefill {
        /// Tokens to process.
        n_tokens: u32,
    },
    /// Answer one prompt; answered by `Generated`.
    Generate {
        /// The prompt, without template.
        prompt: String,
        /// Tokens at most, or exactly.
        max_tokens: u32,
        /// Which of the two.
        mode: GenerationMode,
        /// Whether to tell progress while decoding.
        progress: bool,
        /// How much longer each token shall take than it does, to find out
        /// whether that is found; 0: no longer.
        #[serde(default)]
        slowdown: f64,
        /// Tokens after which it is another arm's turn, answered by `TurnOver`
        /// until `GoOn`; none: it answers without a break.
        #[serde(default)]
        turn_tokens: Option<u32>,
    },
    /// Go on generating; answered by `TurnOver` or `Generated`.
    GoOn,
    /// Start a new peak of resident memory; answered by `Memory`.
    ResetPeakMemory,
    /// Read memory; answered by `Memory`.
    ReadMemory,
    /// Rewrite a model as F16; answered by `Upcast`.
    UpcastToF16 {
        /// The model to read.
        source: String,
        /// The file to write.
        target: String,
        /// Said in the target's `whittle.provenance`.
        provenance: String,
    },
    /// Say how large the tensors of variants would be; answered by `Predicted`.
    PredictVariants {
        /// The model to read.
        source: String,
        /// What would be done to it.
        recipes: Vec<Quantize>,
    },
    /// Collect an importance matrix; answered by `ImatrixCollected`.
    CollectImatrix(ImatrixCommand),
    /// Quantize a model; answered by `Quantized`.
    Quantize(QuantizeCommand),
    /// Prune a model; answered by `Pruned`.
    Prune(PruneCommand),
    /// The same as others do it, to compare with; answered by `Pruned`.
    PruneByYardstick {
        /// What to prune.
        prune: PruneCommand,
        /// What is chosen by.
        yardstick: Yardstick,
    },
    /// See whether a text has a chunk of tokens, by a model's vocabulary alone; answered
    /// by `TextChecked`.
    CheckText {
        /// The model to read.
        model: String,
        /// The text.
        text: EvaluationText,
    },
    /// Compare variants with their baseline; answered by `Evaluated`.
    Evaluate(EvaluationCommand),
}

/// How to collect an importance matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImatrixCommand {
    /// The model to read.
    pub source: String,
    /// The file to write.
    pub target: String,
    /// The calibration text.
    pub text: String,
    /// Tokens of a chunk.
    pub n_ctx: u32,
    /// Chunks at most.
    pub n_chunks: u32,
    /// Threads.
    pub n_threads: u32,
}

/// How to quantize.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuantizeCommand {
    /// The model to read.
    pub source: String,
    /// The file to write.
    pub target: String,
    /// To which type.
    pub level: QuantizationType,
    /// The importance matrix to weigh errors by, a file.
    pub imatrix: Option<String>,
    /// Whether weights that are quantized already may be quantized again.
    pub allow_requantize: bool,
    /// Threads.
    pub n_threads: u32,
    /// Said in the target's `whittle.provenance`.
    pub provenance: String,
}

/// How to prune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PruneCommand {
    /// The model to read.
    pub source: String,
    /// The file to write, as the source's types are.
    pub target: String,
    /// An empty folder for what is needed meanwhile.
    pub scratch: String,
    /// What is removed, and how much.
    pub prune: Prune,
    /// What an earlier search for blocks of the same model on the same text found, if
    /// there was one: as far as it goes it is not repeated.
    #[serde(default)]
    pub searched: BlockSearch,
    /// The calibration text.
    pub text: String,
    /// Tokens of a chunk.
    pub n_ctx: u32,
    /// Chunks, if a layer needs no more.
    pub n_chunks: u32,
    /// Threads.
    pub n_threads: u32,
    /// What the target says that it was made of, beside what was done:
    /// `general.name`, `whittle.provenance` and others.
    pub origin: Origin,
}

/// What others choose by: nothing is refitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Yardstick {
    /// Neurons, as many of every layer.
    Neurons(NeuronScore),
    /// Blocks, greedily by measured loss: SLEB (Song and others 2024).
    Blocks,
}

/// What others choose neurons by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeuronScore {
    /// The norm of all weights of a neuron.
    Norm,
    /// Wanda (Sun and others 2024) for whole neurons: the mean of their outgoing
    /// weights' sizes times the norm of their activations.
    WandaSp,
    /// FLAP (An and others 2024), with as many neurons in every layer: the
    /// variance of their activations times the square of their outgoing
    /// weights' norm; the mean of what goes becomes a bias.
    Flap,
}

/// The settings of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadCommand {
    /// The file; the parent has checked it.
    pub path: String,
    /// Context length, tokens.
    pub n_ctx: u32,
    /// Logical batch, tokens.
    pub n_batch: u32,
    /// Physical batch, tokens.
    pub n_ubatch: u32,
    /// Threads.
    pub n_threads: u32,
    /// Map the file instead of reading it.
    pub mmap: bool,
    /// Layers on a GPU; 0: none.
    pub n_gpu_layers: u32,
    /// Fused attention.
    pub flash_attention: FlashAttention,
}
