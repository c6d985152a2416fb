//! What is told of a request that was measured.

use serde::{Deserialize, Serialize};

use crate::domain::sample::{RequestSample, StopReason};

/// A measured request, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SampleSummary {
    /// Whose request it was, where several arms are measured.
    #[serde(default)]
    pub arm: Option<String>,
    /// From 1.
    pub iteration: u32,
    /// From 1.
    pub prompt: u32,
    /// Request start to last token, s.
    pub response_time_s: f64,
    /// Request start to first token, ms.
    pub time_to_first_token_ms: f64,
    /// Decode speed; none for a single token.
    pub tokens_per_second: Option<f64>,
    /// Tokens generated.
    pub n_generated: u32,
    /// Why it ended.
    pub stop: StopReason,
}

impl SampleSummary {
    /// Of a request of `arm`.
    pub fn new(arm: Option<String>, sample: &RequestSample) -> Self {
        let generation = &sample.generation;
        Self {
            arm,
            iteration: sample.iteration,
            prompt: sample.prompt,
            response_time_s: generation.response_time_s,
            time_to_first_token_ms: generation.time_to_first_token_s * 1e3,
            tokens_per_second: generation.tokens_per_second(),
            n_generated: generation.n_generated,
            stop: generation.stop,
        }
    }
}
