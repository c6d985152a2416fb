//! What happens to a run while it happens: the data of its event stream.

use serde::{Deserialize, Serialize};

use super::run::{Failure, Run};
use super::sample::{RequestSample, StopReason};

/// One thing that happened to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RunEvent {
    /// The run as stored when the stream was opened; its first event.
    Snapshot {
        /// The run.
        run: Box<Run>,
    },
    /// It waits at this place in the queue, 1 is next.
    Queued {
        /// From 1.
        position: u32,
    },
    /// It waits for the machine: another Whittle measures, or a new model is
    /// being read for the first time.
    WaitingForMachine,
    /// It entered a stage.
    Stage(Stage),
    /// A request was measured.
    Sample(SampleSummary),
    /// Live gauges; not stored.
    Live(Live),
    /// Something a reader should know.
    Warning {
        /// The sentence.
        message: String,
    },
    /// Measured and stored.
    Done,
    /// Ended by an error.
    Failed {
        /// Which.
        failure: Failure,
    },
    /// Ended by the user.
    Cancelled,
    /// Ended because its server ends.
    Interrupted,
}

impl RunEvent {
    /// Whether it is the last event of its run.
    pub fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::Done | Self::Failed { .. } | Self::Cancelled | Self::Interrupted
        )
    }

    /// Whether it is kept in the history; gauges and snapshots are not.
    pub fn is_stored(&self) -> bool {
        !matches!(self, Self::Live(_) | Self::Snapshot { .. })
    }
}

/// An event with its number in the run: the numbers of stored events rise, live ones
/// carry the number of the last stored event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sequenced {
    /// From 1; 0: before any stored event.
    pub seq: u64,
    /// The event.
    #[serde(flatten)]
    pub event: RunEvent,
}

/// The parts of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// The worker starts and loads the model.
    Loading,
    /// A thrown-away request and prefill.
    WarmingUp,
    /// The standard prefill test.
    Prefill,
    /// A measured request.
    Generating,
    /// Statistics and storing.
    Summarizing,
}

impl StageName {
    /// The words shown to people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Loading => "loading the model",
            Self::WarmingUp => "warming up",
            Self::Prefill => "512-token prefill",
            Self::Generating => "measuring",
            Self::Summarizing => "summarizing",
        }
    }
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stage {
    /// The part of the launch.
    pub name: StageName,
    /// From 1.
    pub iteration: u32,
    /// In all.
    pub iterations: u32,
    /// From 1, while generating.
    pub prompt: Option<u32>,
    /// In all.
    pub prompts: u32,
    /// Share of the run that is behind, 0 to 1, by time.
    pub fraction_done: f64,
    /// Time left, s; none before anything is known of this model's speed.
    pub seconds_left: Option<f64>,
}

/// A measured request, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SampleSummary {
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

impl From<&RequestSample> for SampleSummary {
    fn from(sample: &RequestSample) -> Self {
        let generation = &sample.generation;
        Self {
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

/// Live gauges of the worker.
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
