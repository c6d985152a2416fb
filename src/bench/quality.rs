//! Quality of variants against their baseline, measured by a worker of its own.

use std::fs::File;
use std::path::PathBuf;

use crate::backend::{WorkerError, WorkerLauncher};
use crate::domain::compare::VariantComparison;
use crate::domain::metrics::Reading;
use crate::domain::quality::{AnswerComparison, Perplexity, Quality, TextName};

/// What to compare, and on what.
#[derive(Debug)]
pub struct QualityPlan<'a> {
    /// How workers are started.
    pub launcher: &'a WorkerLauncher,
    /// The baseline's file and where it lies.
    pub baseline: (&'a File, PathBuf),
    /// The variants', in the run's order.
    pub variants: Vec<(&'a File, PathBuf)>,
    /// The text; None: the built-in one.
    pub text: Option<(TextName, String)>,
    /// Chunks.
    pub n_chunks: u32,
    /// Threads of the engine.
    pub n_threads: u32,
    /// The user's prompts, whose answers are compared, and the tokens of an answer.
    pub prompts: Vec<String>,
    /// Tokens of an answer at most.
    pub max_tokens: u32,
    /// Memory that the worker may use, bytes; none: not known.
    pub memory_bytes: Option<u64>,
}

/// How far it has come, with the running estimate of every variant.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityProgress {
    /// Chunks done.
    pub chunks_done: u32,
    /// In all.
    pub n_chunks: u32,
    /// Mean KL divergence so far, one for each variant.
    pub mean_kld: Vec<Option<f64>>,
    /// The baseline's perplexity so far.
    pub baseline_perplexity: Option<f64>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct QualityResult {
    /// The baseline's.
    pub baseline: Perplexity,
    /// One for each variant: its loss, or why it cannot be compared, and the
    /// answers.
    pub variants: Vec<(Reading<Quality>, Vec<AnswerComparison>)>,
    /// What the user should know of it, one sentence each: a text with fewer
    /// chunks than asked for, models that took turns.
    pub warnings: Vec<String>,
}

impl QualityResult {
    /// Puts what was found into the comparisons, which are in the same order.
    pub fn fill(self, comparisons: &mut [VariantComparison]) {
        for (comparison, (quality, answers)) in comparisons.iter_mut().zip(self.variants) {
            comparison.quality = Some(quality);
            comparison.answers = answers;
        }
    }
}

/// Measures. Dropping the future ends the worker.
///
/// # Errors
/// When the worker fails.
pub async fn measure_quality(
    _plan: &QualityPlan<'_>,
    _on_progress: impl FnMut(QualityProgress) + Send,
) -> Result<QualityResult, WorkerError> {
    unimplemented!("quality is not built yet")
}
