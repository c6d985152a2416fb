//! Events with their numbers, and how they are read from a stream.

use serde::{Deserialize, Serialize};

use super::RunEvent;
use crate::domain::json::tree::{Tree, Unreadable};
use crate::domain::run::{Failure, Run};

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
    /// parsed text twice.
    ///
    /// # Errors
    /// When the text is no event that this version knows.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
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
        struct Waiting {
            #[serde(default)]
            busy_with: Option<String>,
        }
        #[derive(Deserialize)]
        struct Warning {
            message: String,
        }
        #[derive(Deserialize)]
        struct Failed {
            failure: Failure,
        }

        let tree = Tree::parse(text)?;
        let Head { seq, r#type } = tree.read()?;
        let event = match r#type {
            Kind::Snapshot => {
                let Snapshot { run } = tree.read()?;
                RunEvent::Snapshot { run }
            }
            Kind::Queued => {
                let Queued { position } = tree.read()?;
                RunEvent::Queued { position }
            }
            Kind::WaitingForMachine => {
                let Waiting { busy_with } = tree.read()?;
                RunEvent::WaitingForMachine { busy_with }
            }
            Kind::Stage => RunEvent::Stage(tree.read()?),
            Kind::Sample => RunEvent::Sample(tree.read()?),
            Kind::Live => RunEvent::Live(tree.read()?),
            Kind::Making => RunEvent::Making(tree.read()?),
            Kind::Quality => RunEvent::Quality(tree.read()?),
            Kind::Warning => {
                let Warning { message } = tree.read()?;
                RunEvent::Warning { message }
            }
            Kind::Done => RunEvent::Done,
            Kind::Failed => {
                let Failed { failure } = tree.read()?;
                RunEvent::Failed { failure }
            }
            Kind::Cancelled => RunEvent::Cancelled,
            Kind::Interrupted => RunEvent::Interrupted,
        };
        Ok(Self { seq, event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{
        Live, MakingLive, MakingStep, QualityLive, RunningLoss, SampleSummary, Stage, StageName,
    };
    use crate::domain::pruning::CurvePoint;
    use crate::domain::run::FailureKind;
    use crate::domain::sample::StopReason;

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
        let named = Run {
            name: Some("\"seq\": 7".to_owned()),
            ..Run::sample()
        };
        let events = [
            RunEvent::Snapshot {
                run: Box::new(named),
            },
            RunEvent::Queued { position: 3 },
            RunEvent::WaitingForMachine {
                busy_with: Some("whittle bench".to_owned()),
            },
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
        let old = r#"{"seq":1,"type":"waiting_for_machine"}"#;
        let read = Sequenced::read(old).expect("an event");
        assert_eq!(serde_json::from_str::<Sequenced>(old).ok(), Some(read));
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
