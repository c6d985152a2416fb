//! What happens to a run while it happens: the data of its event stream.

mod gauges;
mod making;
mod sample;
mod sequenced;
mod stage;

use serde::{Deserialize, Serialize};

use super::run::{Failure, Run};

pub use gauges::{Live, QualityLive, RunningLoss};
pub use making::{MakingLive, MakingStep};
pub use sample::SampleSummary;
pub use sequenced::Sequenced;
pub use stage::{Stage, StageName};

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
    WaitingForMachine {
        /// With what the machine is busy, in words; none: that is not known. Said anew
        /// when it changes.
        #[serde(default)]
        busy_with: Option<String>,
    },
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

/// With what the machine is busy where that is not known.
pub const SOMEBODY: &str = "another measurement, or with reading a new model";

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
