//! Raw measurements: one request, one prefill, one launch.

use serde::{Deserialize, Serialize};

/// Why a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The asked number of tokens was generated.
    MaxTokens,
    /// The model ended its answer.
    EndOfSequence,
}

/// Memory of the worker at one moment, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MemoryReading {
    /// Resident now.
    pub rss_bytes: Option<u64>,
    /// Anonymous part of it.
    pub anonymous_bytes: Option<u64>,
    /// File-mapped part of it.
    pub file_bytes: Option<u64>,
    /// Highest resident since the start or the last reset.
    pub peak_rss_bytes: Option<u64>,
}

/// One request, measured inside the worker by the monotonic clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Generation {
    /// Tokens of the prompt with its chat template.
    pub n_prompt_tokens: u32,
    /// Tokens generated.
    pub n_generated: u32,
    /// Request start to last token, without other arms' turns, s.
    pub response_time_s: f64,
    /// Request start to first token sampled, s.
    pub time_to_first_token_s: f64,
    /// The prompt's own decode call, s.
    pub prefill_s: f64,
    /// First token to last token, without other arms' turns, s.
    pub decode_s: f64,
    /// Gaps between consecutive tokens, ns.
    pub token_gaps_ns: Vec<u64>,
    /// CPU time of the whole process over the request, s.
    pub cpu_s: f64,
    /// CPU time of the whole process from first to last token, s.
    pub cpu_decode_s: f64,
    /// CPU time of the whole process while other arms took their turns within
    /// the request, s: its threads spin for a moment before they sleep. No part
    /// of the others.
    #[serde(default)]
    pub cpu_between_turns_s: f64,
    /// Page faults that had to read from disk during the request.
    pub major_page_faults: Option<u64>,
    /// Memory at the end of the request.
    pub memory: MemoryReading,
    /// The text. Untrusted.
    pub text: String,
    /// Why it ended.
    pub stop: StopReason,
}

/// The standard prefill test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Prefill {
    /// Tokens processed.
    pub n_tokens: u32,
    /// Wall time, s.
    pub elapsed_s: f64,
}

/// One measured request and its place in the schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RequestSample {
    /// From 1.
    pub iteration: u32,
    /// From 1.
    pub prompt: u32,
    /// What was measured.
    pub generation: Generation,
}

/// What belongs to a launch and not to one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LaunchSample {
    /// From 1.
    pub iteration: u32,
    /// Loading the model and making the context, s.
    pub load_s: f64,
    /// Memory right after loading; its peak is the loading peak.
    pub memory_loaded: MemoryReading,
    /// Memory after the last request; its peak is over the requests alone.
    pub memory_measured: MemoryReading,
    /// The standard prefill.
    pub prefill: Prefill,
    /// Wall time of all requests together, s; none in runs of older versions.
    #[serde(default)]
    pub requests_wall_s: Option<f64>,
    /// Use of the machine's processor by all programs during the requests, %;
    /// none where they were too short to tell.
    #[serde(default)]
    pub machine_cpu_percent: Option<f64>,
}

/// A request of one arm, as exported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ArmRequest {
    /// The arm's place in the run's `arms`, from 0.
    pub arm_position: u32,
    /// The request.
    #[serde(flatten)]
    pub sample: RequestSample,
}

/// A launch of one arm, as exported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ArmLaunch {
    /// The arm's place in the run's `arms`, from 0.
    pub arm_position: u32,
    /// The launch.
    #[serde(flatten)]
    pub launch: LaunchSample,
}

impl Generation {
    /// Decode speed: (generated - 1) / (last token - first token); none where
    /// fewer than two tokens leave nothing to time.
    pub fn tokens_per_second(&self) -> Option<f64> {
        (self.n_generated >= 2 && self.decode_s > 0.0)
            .then(|| f64::from(self.n_generated - 1) / self.decode_s)
    }
}
