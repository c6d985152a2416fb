//! One iteration: the steps of the schedule, done one by one.

use std::time::Instant;

use super::launch::{Launch, Launched, Setting, Stretch, Turn};
use super::machine::MachineCpu;
use super::plan::MeasureError;
use super::progress::Place;
use super::schedule::{Act, Step};
use crate::backend::WorkerError;

/// Measures an iteration, counted from 1, and gives a launch for each arm, in
/// the arms' order.
pub(super) async fn measure_iteration(
    setting: &Setting<'_>,
    iteration: u32,
) -> Result<Vec<Launched>, MeasureError> {
    let mut workers = Workers {
        setting,
        iteration,
        up: setting.arms.iter().map(|_| None).collect(),
        ended: setting.arms.iter().map(|_| None).collect(),
        clock: None,
        stretch: None,
    };
    for step in setting.schedule.steps(iteration) {
        if let Some(place) = Place::of(step, iteration) {
            setting.watch.enter(place).await;
        }
        let done = workers.take(step).await;
        done.map_err(|(arm, error)| MeasureError::Worker {
            arm: setting.watch.label(arm),
            error,
        })?;
    }
    Ok(workers.ended.into_iter().flatten().collect())
}

/// The workers of an iteration.
struct Workers<'a> {
    setting: &'a Setting<'a>,
    iteration: u32,
    /// Those that are up, by arm.
    up: Vec<Option<Launch<'a>>>,
    /// What those gave that have ended.
    ended: Vec<Option<Launched>>,
    /// Runs from the first request of those that are up.
    clock: Option<(Instant, MachineCpu)>,
    /// What it said when the first of them ended.
    stretch: Option<Stretch>,
}

impl Workers<'_> {
    /// Does a step; when that fails, also says whose worker it was.
    async fn take(&mut self, step: Step) -> Result<(), (usize, WorkerError)> {
        match step.act {
            Act::Turns(prompt) => self.take_turns(prompt).await,
            _ => self.act(step).await.map_err(|error| (step.arm, error)),
        }
    }

    /// Does what one arm does by itself.
    async fn act(&mut self, step: Step) -> Result<(), WorkerError> {
        let Step { arm, act } = step;
        if act == Act::Load {
            self.stretch = None;
            self.up[arm] = Some(Launch::start(self.setting, arm, self.iteration).await?);
            return Ok(());
        }
        if act == Act::Stop {
            let stretch = self.end_stretch();
            if let Some(launch) = self.up[arm].take() {
                self.ended[arm] = Some(launch.stop(stretch).await?);
            }
            return Ok(());
        }
        if matches!(act, Act::Request(_)) {
            self.start_stretch();
        }
        // The schedule loads before it does anything else.
        let Some(launch) = &mut self.up[arm] else {
            return Ok(());
        };
        launch.take_turn();
        match act {
            Act::WarmUp => launch.warm_up().await,
            Act::Prefill => launch.measure_prefill().await,
            Act::Request(prompt) => launch.request(prompt).await,
            Act::Load | Act::Stop | Act::Turns(_) => Ok(()),
        }
    }

    /// Lets every arm answer the prompt, some tokens at a time: what else goes on
    /// in the machine, for seconds or for minutes, falls on all of them alike.
    async fn take_turns(&mut self, prompt: u32) -> Result<(), (usize, WorkerError)> {
        self.start_stretch();
        let mut order = self.setting.schedule.turns(self.iteration, prompt);
        let mut is_first = true;
        while !order.is_empty() {
            let mut unanswered = Vec::new();
            for arm in order {
                let Some(launch) = &mut self.up[arm] else {
                    continue;
                };
                launch.take_turn();
                let turn = match is_first {
                    true => launch.begin(prompt).await,
                    false => launch.go_on(prompt).await,
                };
                match turn.map_err(|error| (arm, error))? {
                    Turn::Over => unanswered.push(arm),
                    Turn::Answered => {}
                }
            }
            order = unanswered;
            is_first = false;
        }
        Ok(())
    }

    /// Starts the clock at the first request of those that are up.
    fn start_stretch(&mut self) {
        self.clock
            .get_or_insert_with(|| (Instant::now(), MachineCpu::start()));
    }

    /// Stops the clock at the end of the first worker; the others of its block
    /// share what it says.
    fn end_stretch(&mut self) -> Stretch {
        if let Some((start, mut machine_cpu)) = self.clock.take() {
            self.stretch = Some(Stretch {
                wall_s: start.elapsed().as_secs_f64(),
                machine_cpu_percent: machine_cpu.percent(),
                workers_cpu_s: self.up.iter().flatten().map(Launch::cpu_s).sum(),
                server_cpu_s: machine_cpu.own_s(),
            });
        }
        self.stretch.unwrap_or(Stretch {
            wall_s: 0.0,
            machine_cpu_percent: None,
            workers_cpu_s: 0.0,
            server_cpu_s: 0.0,
        })
    }
}
