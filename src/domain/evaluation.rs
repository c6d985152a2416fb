//! What a worker is asked about quality, and what it answers.

use serde::{Deserialize, Serialize};

use super::metrics::Reading;
use super::quality::{Perplexity, Quality};
use super::sample::MemoryReading;

/// Which models to compare, and on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationCommand {
    /// The baseline's file; the parent has checked it.
    pub baseline: String,
    /// The variants' files.
    pub variants: Vec<String>,
    /// The user's own text; none: the built-in one.
    pub text: Option<EvaluationText>,
    /// Chunks of the text to score; fewer where it has fewer.
    pub n_chunks: u32,
    /// Threads.
    pub n_threads: u32,
    /// Prompts whose answers are compared, without template.
    pub prompts: Vec<String>,
    /// Tokens of an answer at most.
    pub max_tokens: u32,
    /// Keys and values that a context keeps of each token, bytes, of the model with
    /// most; none: not known.
    pub kv_bytes_per_token: Option<u64>,
    /// Memory that the worker may use, bytes; none: as much as it needs.
    pub memory_bytes: Option<u64>,
}

/// A text to score models on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationText {
    /// Its name. Untrusted.
    pub name: String,
    /// The text. Untrusted.
    pub text: String,
}

/// How far an evaluation has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationProgress {
    /// Chunks that all models have done.
    pub chunks_done: u32,
    /// In all.
    pub n_chunks: u32,
    /// Mean divergence so far, one for each variant, nats; none where it is not
    /// known yet, or never will be.
    pub mean_kld: Vec<Option<f64>>,
    /// The baseline's perplexity so far.
    pub baseline_perplexity: Option<f64>,
}

/// What an evaluation found. The answers to prompts come before it, each by
/// itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// The baseline's perplexity.
    pub baseline: Perplexity,
    /// What each variant lost, or why it cannot be compared.
    pub variants: Vec<Reading<Quality>>,
    /// What the user should know, one sentence each.
    pub warnings: Vec<String>,
    /// Memory at the end; its peak is over all models.
    pub memory: MemoryReading,
}
