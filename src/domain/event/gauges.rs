//! What is told while speed or quality is measured, and not kept.

use serde::{Deserialize, Serialize};

/// Live gauges of the worker whose turn it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Live {
    /// Decode speed of the last half second or so; none outside of decoding.
    pub tokens_per_second: Option<f64>,
    /// CPU of the worker, % of the machine; none before two readings.
    pub cpu_usage_percent: Option<f64>,
    /// Resident memory of the worker, MB.
    pub memory_mb: Option<f64>,
    /// Share of the run that is behind, 0 to 1.
    pub fraction_done: f64,
    /// Time left, s.
    pub seconds_left: Option<f64>,
}

/// Measuring quality under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QualityLive {
    /// Chunks done.
    pub chunks_done: u32,
    /// In all.
    pub n_chunks: u32,
    /// The baseline's perplexity so far.
    pub baseline_perplexity: Option<f64>,
    /// What the variants lost so far, in the order of the run's.
    pub variants: Vec<RunningLoss>,
    /// Answers to the prompts so far, of all models.
    #[serde(default)]
    pub answers_done: u32,
    /// In all; 0: none has been given yet.
    #[serde(default)]
    pub n_answers: u32,
}

/// A variant's loss so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunningLoss {
    /// Which: `Q4_0`.
    pub arm: String,
    /// Mean divergence from the baseline per token so far, nats.
    pub mean_kld: Option<f64>,
}
