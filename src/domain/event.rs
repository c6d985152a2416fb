//! What happens to a run while it happens: the data of its event stream.

use serde::{Deserialize, Serialize};

use super::pruning::CurvePoint;
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
    /// How far making a variant has come; not stored.
    Making(MakingLive),
    /// How far measuring quality has come; not stored.
    Quality(QualityLive),
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
        !matches!(
            self,
            Self::Live(_) | Self::Making(_) | Self::Quality(_) | Self::Snapshot { .. }
        )
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

/// The types of events, as `RunEvent` writes them.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Snapshot,
    Queued,
    WaitingForMachine,
    Stage,
    Sample,
    Live,
    Making,
    Quality,
    Warning,
    Done,
    Failed,
    Cancelled,
    Interrupted,
}

impl Sequenced {
    /// Reads an event as its `Deserialize` does. That one has to keep every
    /// field until it knows the type, for which serde compiles each type of the
    /// domain once more: too much for the browser's bundle. This one reads the
    /// text twice.
    ///
    /// # Errors
    /// When the text is no event that this version knows.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            seq: u64,
            r#type: Kind,
        }
        #[derive(Deserialize)]
        struct Snapshot {
            run: Box<Run>,
        }
        #[derive(Deserialize)]
        struct Queued {
            position: u32,
        }
        #[derive(Deserialize)]
        struct Warning {
            message: String,
        }
        #[derive(Deserialize)]
        struct Failed {
            failure: Failure,
        }

        let Head { seq, r#type } = serde_json::from_str(text)?;
        let event = match r#type {
            Kind::Snapshot => {
                let Snapshot { run } = serde_json::from_str(text)?;
                RunEvent::Snapshot { run }
            }
            Kind::Queued => {
                let Queued { position } = serde_json::from_str(text)?;
                RunEvent::Queued { position }
            }
            Kind::WaitingForMachine => RunEvent::WaitingForMachine,
            Kind::Stage => RunEvent::Stage(serde_json::from_str(text)?),
            Kind::Sample => RunEvent::Sample(serde_json::from_str(text)?),
            Kind::Live => RunEvent::Live(serde_json::from_str(text)?),
            Kind::Making => RunEvent::Making(serde_json::from_str(text)?),
            Kind::Quality => RunEvent::Quality(serde_json::from_str(text)?),
            Kind::Warning => {
                let Warning { message } = serde_json::from_str(text)?;
                RunEvent::Warning { message }
            }
            Kind::Done => RunEvent::Done,
            Kind::Failed => {
                let Failed { failure } = serde_json::from_str(text)?;
                RunEvent::Failed { failure }
            }
            Kind::Cancelled => RunEvent::Cancelled,
            Kind::Interrupted => RunEvent::Interrupted,
        };
        Ok(Self { seq, event })
    }
}

/// The parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// A pruned variant's file is made and checked, before anything is measured.
    Pruning,
    /// A quantized variant's file is made, before anything is measured.
    Quantizing,
    /// The worker starts and loads the model.
    Loading,
    /// A thrown-away request and prefill.
    WarmingUp,
    /// The standard prefill test.
    Prefill,
    /// A measured request.
    Generating,
    /// What the variants lost, after everything else is measured.
    Quality,
    /// Statistics and storing.
    Summarizing,
}

impl StageName {
    /// The words shown to people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pruning => "pruning",
            Self::Quantizing => "making the variant",
            Self::Loading => "loading the model",
            Self::WarmingUp => "warming up",
            Self::Prefill => "512-token prefill",
            Self::Generating => "measuring",
            Self::Quality => "measuring quality",
            Self::Summarizing => "summarizing",
        }
    }
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stage {
    /// The part of the run.
    pub name: StageName,
    /// Whose turn it is, where several arms are measured: `baseline`, `Q4_0`.
    #[serde(default)]
    pub arm: Option<String>,
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

/// Making a variant under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MakingLive {
    /// What is done now.
    pub step: MakingStep,
    /// What of it is behind, in its own units: layers, tries, tensors, chunks.
    pub done: u32,
    /// In all, as far as is known.
    pub of: u32,
    /// What a search has removed so far, and what that cost, in order; empty
    /// where none is made.
    pub curve: Vec<CurvePoint>,
}

/// What making a variant consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MakingStep {
    /// The calibration text goes through the layers, each of which is then cut.
    Calibrating,
    /// All blocks are loaded, and the text goes through them.
    ReadingWhole,
    /// It is tried what removals cost.
    Searching,
    /// Mixtures of blocks and neurons are compared.
    Comparing,
    /// The pruned file is written.
    Writing,
    /// The file is loaded, answers, and reads text that it was not made by.
    Checking,
    /// An importance matrix is collected.
    CollectingImatrix,
    /// Tensors are quantized.
    Quantizing,
    /// The file is read once more, for its hash.
    Hashing,
}

impl MakingStep {
    /// The words shown to people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Calibrating => "calibrating and cutting",
            Self::ReadingWhole => "loading and reading with the whole model",
            Self::Searching => "searching",
            Self::Comparing => "comparing mixtures of blocks and neurons",
            Self::Writing => "writing the pruned file",
            Self::Checking => "checking",
            Self::CollectingImatrix => "collecting the importance matrix",
            Self::Quantizing => "quantizing",
            Self::Hashing => "reading the file for its hash",
        }
    }

    /// What of it is counted; none: nothing.
    fn unit(self) -> Option<&'static str> {
        match self {
            Self::Calibrating => Some("layer"),
            Self::Searching => Some("try"),
            Self::Comparing => Some("mixture"),
            Self::Checking | Self::CollectingImatrix => Some("chunk"),
            Self::Writing | Self::Quantizing => Some("tensor"),
            // Each block counts twice.
            Self::ReadingWhole | Self::Hashing => None,
        }
    }
}

impl MakingLive {
    /// How far the step has come: `layer 3 of 30`.
    pub fn count(&self) -> Option<String> {
        let unit = self.step.unit()?;
        (self.of > 0).then(|| format!("{unit} {} of {}", self.done.max(1), self.of))
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::FailureKind;

    fn run() -> Box<Run> {
        serde_json::from_value(serde_json::json!({
            "id": 12, "technique": "baseline", "status": "queued", "queue_position": 2,
            "spec": {"model": "tiny", "prompts": ["\"seq\": 7"], "settings": {"iterations": 1}},
            "model": {
                "id": "tiny", "name": "Tiny", "file_name": "tiny.gguf", "architecture": "llama",
                "file_type": "F16", "size_bytes": 1, "n_params": 1, "n_ctx_train": null,
                "sha256": "00", "origin": "data_folder", "provenance": null,
            },
            "created_at": "2026-01-01T00:00:00Z", "finished_at": null,
            "arms": [], "environment": null, "failure": null,
        }))
        .expect("a run")
    }

    #[test]
    fn both_readers_read_the_same() {
        let stage = Stage {
            name: StageName::Generating,
            arm: Some("Q4_0".to_owned()),
            iteration: 1,
            iterations: 3,
            prompt: Some(2),
            prompts: 2,
            fraction_done: 0.25,
            seconds_left: None,
        };
        let sample = SampleSummary {
            arm: None,
            iteration: 1,
            prompt: 2,
            response_time_s: 0.5,
            time_to_first_token_ms: 12.5,
            tokens_per_second: None,
            n_generated: 1,
            stop: StopReason::EndOfSequence,
        };
        let live = Live {
            tokens_per_second: Some(100.0),
            cpu_usage_percent: None,
            memory_mb: Some(1.5),
            fraction_done: 0.5,
            seconds_left: Some(2.0),
        };
        let making = MakingLive {
            step: MakingStep::Searching,
            done: 3,
            of: 40,
            curve: vec![CurvePoint {
                removed_layer: Some(12),
                removed_share: 0.04,
                perplexity: 21.5,
            }],
        };
        let quality = QualityLive {
            chunks_done: 3,
            n_chunks: 40,
            baseline_perplexity: Some(12.5),
            variants: vec![RunningLoss {
                arm: "Q4_0".to_owned(),
                mean_kld: None,
            }],
            answers_done: 1,
            n_answers: 4,
        };
        let failure = Failure {
            kind: FailureKind::WorkerHung,
            message: "\"type\": \"done\"".to_owned(),
            log_tail: vec!["a".to_owned()],
        };
        let message = "seq".to_owned();
        let events = [
            RunEvent::Snapshot { run: run() },
            RunEvent::Queued { position: 3 },
            RunEvent::WaitingForMachine,
            RunEvent::Stage(stage),
            RunEvent::Sample(sample),
            RunEvent::Live(live),
            RunEvent::Making(making),
            RunEvent::Quality(quality),
            RunEvent::Warning { message },
            RunEvent::Done,
            RunEvent::Failed { failure },
            RunEvent::Cancelled,
            RunEvent::Interrupted,
        ];
        for (seq, event) in (0..).zip(events) {
            let event = Sequenced { seq, event };
            let text = serde_json::to_string(&event).expect("JSON");
            assert_eq!(Sequenced::read(&text).expect("an event"), event, "{text}");
            let read: Sequenced = serde_json::from_str(&text).expect("an event");
            assert_eq!(read, event);
        }
        for wrong in [
            "",
            "{}",
            r#"{"seq":1,"type":"new"}"#,
            r#"{"seq":1,"type":"queued"}"#,
        ] {
            assert!(Sequenced::read(wrong).is_err(), "{wrong}");
        }
    }
}
