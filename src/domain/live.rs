//! The state of a run as its events tell it: what a live page shows.

use super::event::{
    Live, MakingLive, QualityLive, RunEvent, SOMEBODY, SampleSummary, Sequenced, Stage,
};
use super::run::{Failure, Run, RunStatus};

/// How many live speeds the trace keeps.
const TRACE_LENGTH: usize = 120;

/// A decode speed while a run goes on, tokens/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LiveSpeed {
    /// Of the answer that is being generated.
    Now(f64),
    /// Of the last answer as a whole.
    LastAnswer(f64),
}

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
                if let Some(speed) = sample.tokens_per_second {
                    self.trace(speed);
                }
                // What was known while it was generated is over.
                if let Some(live) = &mut self.live {
                    live.tokens_per_second = None;
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

    /// The decode speed to show. While a request is timed gauges come seldom, so that
    /// none may fall into a short answer; what that took as a whole is told at its end.
    pub fn speed(&self) -> Option<LiveSpeed> {
        let now = self.live.as_ref().and_then(|live| live.tokens_per_second);
        let last = || self.samples.last()?.tokens_per_second;
        now.map(LiveSpeed::Now)
            .or_else(|| last().map(LiveSpeed::LastAnswer))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::StopReason;

    fn gauge(tokens_per_second: Option<f64>) -> RunEvent {
        RunEvent::Live(Live {
            tokens_per_second,
            cpu_usage_percent: None,
            memory_mb: None,
            fraction_done: 0.5,
            seconds_left: None,
        })
    }

    #[test]
    fn where_no_speed_is_known_now_that_of_the_last_answer_is_shown() {
        let mut live = LiveRun::of(&Run::sample());
        let mut seq = 0;
        let mut tell = |live: &mut LiveRun, event| {
            seq += 1;
            live.apply(Sequenced { seq, event });
        };
        tell(&mut live, gauge(None));
        assert_eq!(live.speed(), None);
        tell(&mut live, gauge(Some(70.0)));
        assert_eq!(live.speed(), Some(LiveSpeed::Now(70.0)));
        tell(
            &mut live,
            RunEvent::Sample(SampleSummary {
                arm: None,
                iteration: 1,
                prompt: 1,
                response_time_s: 1.0,
                time_to_first_token_ms: 30.0,
                tokens_per_second: Some(90.0),
                n_generated: 16,
                stop: StopReason::MaxTokens,
            }),
        );
        assert_eq!(live.speed(), Some(LiveSpeed::LastAnswer(90.0)));
        tell(&mut live, gauge(None));
        assert_eq!(live.speed(), Some(LiveSpeed::LastAnswer(90.0)));
        tell(&mut live, gauge(Some(80.0)));
        assert_eq!(live.speed(), Some(LiveSpeed::Now(80.0)));
        assert_eq!(live.speed_trace, [70.0, 90.0, 80.0]);
    }
}
