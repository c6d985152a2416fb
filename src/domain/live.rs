//! The state of a run as its events tell it: what a live page shows.

use super::event::{
    Live, MakingLive, QualityLive, RunEvent, SOMEBODY, SampleSummary, Sequenced, Stage,
};
use super::run::{Failure, Run, RunStatus};

/// How many live speeds the trace keeps.
const TRACE_LENGTH: usize = 120;

/// Folds events into what a page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveRun {
    /// How far the run has come.
    pub status: RunStatus,
    /// Place in the queue while queued.
    pub queue_position: Option<u32>,
    /// With what the machine is busy that the run waits for; none: it does not.
    pub waits_for: Option<String>,
    /// Where it is.
    pub stage: Option<Stage>,
    /// Gauges.
    pub live: Option<Live>,
    /// The last decode speeds, tokens/s, oldest first.
    pub speed_trace: Vec<f64>,
    /// What making a variant has come to; none outside of that.
    pub making: Option<MakingLive>,
    /// What quality has come to.
    pub quality: Option<QualityLive>,
    /// Requests so far.
    pub samples: Vec<SampleSummary>,
    /// Warnings so far.
    pub warnings: Vec<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Number of the last event.
    pub last_seq: u64,
}

impl LiveRun {
    /// The state before any event, from a stored run.
    pub fn of(run: &Run) -> Self {
        Self {
            status: run.status,
            queue_position: run.queue_position,
            waits_for: None,
            stage: None,
            live: None,
            speed_trace: Vec::new(),
            making: None,
            quality: None,
            samples: Vec::new(),
            warnings: Vec::new(),
            failure: run.failure.clone(),
            last_seq: 0,
        }
    }

    /// Takes one event in. Stored events seen before are ignored, so that a
    /// replay after a reconnection counts nothing twice.
    pub fn apply(&mut self, sequenced: Sequenced) {
        let Sequenced { seq, event } = sequenced;
        if event.is_stored() && seq <= self.last_seq {
            return;
        }
        if event.is_stored() {
            self.last_seq = seq;
        }
        match event {
            RunEvent::Snapshot { run } => {
                self.status = run.status;
                self.queue_position = run.queue_position;
                self.failure = run.failure;
            }
            RunEvent::Queued { position } => self.queue_position = Some(position),
            RunEvent::WaitingForMachine { busy_with } => {
                self.waits_for = Some(busy_with.unwrap_or_else(|| SOMEBODY.to_owned()));
            }
            RunEvent::Stage(stage) => {
                self.status = RunStatus::Running;
                self.queue_position = None;
                self.waits_for = None;
                self.making = None;
                self.stage = Some(stage);
            }
            RunEvent::Sample(sample) => {
                // While a request is timed, gauges come seldom.
                if let Some(speed) = sample.tokens_per_second {
                    self.trace(speed);
                    if let Some(live) = &mut self.live {
                        live.tokens_per_second = Some(speed);
                    }
                }
                self.samples.push(sample);
            }
            RunEvent::Live(live) => self.take_live(live),
            RunEvent::Making(making) => self.making = Some(making),
            RunEvent::Quality(quality) => self.quality = Some(quality),
            RunEvent::Warning { message } => self.warnings.push(message),
            RunEvent::Done => self.status = RunStatus::Done,
            RunEvent::Failed { failure } => {
                self.status = RunStatus::Failed;
                self.failure = Some(failure);
            }
            RunEvent::Cancelled => self.status = RunStatus::Cancelled,
            RunEvent::Interrupted => self.status = RunStatus::Interrupted,
        }
    }

    fn take_live(&mut self, live: Live) {
        if let Some(speed) = live.tokens_per_second {
            self.trace(speed);
        }
        self.live = Some(live);
    }

    fn trace(&mut self, speed: f64) {
        if self.speed_trace.len() == TRACE_LENGTH {
            self.speed_trace.remove(0);
        }
        self.speed_trace.push(speed);
    }
}
