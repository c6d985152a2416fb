//! Where a run is and how long it still takes, refined as it is measured.

#[cfg(test)]
mod example;
mod learn;
mod left;
mod place;

use std::time::Instant;

use super::making::MakingClock;
use super::schedule::{Schedule, Step};
use crate::domain::estimate::{SpeedBasis, Workload};
use crate::domain::event::{Stage, StageName};
use crate::domain::pruning::KnownOrder;
use crate::domain::run::RunSpec;

pub(super) use place::Place;

/// The clock of one run.
pub(super) struct Progress {
    start: Instant,
    /// What is known of the speed of each arm.
    bases: Vec<SpeedBasis>,
    work: Workload,
    schedule: Schedule,
    place: Place,
    /// What is left of the iteration, the step under way first.
    steps: Vec<Step>,
    /// The variant in the making, while there is one.
    making: Option<MakingClock>,
    /// Whether prompts are being answered: a part of quality with a clock of its own.
    part: Part,
    /// Share of the part of quality that is behind.
    share_done: f64,
    /// Tokens of each arm's current request.
    n_generated: Vec<u32>,
    stage_start: Instant,
}

/// The parts of quality. What one of them took says nothing of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The text is read.
    Main,
    /// Prompts are answered, after the text is read.
    Answers,
}

impl Progress {
    /// Starts the clock with what is known of the model's speed; its variants
    /// count as equally fast until they are measured.
    pub(super) fn start(spec: &RunSpec, basis: SpeedBasis) -> Self {
        let now = Instant::now();
        let work = Workload::from(spec);
        let n_arms = 1 + spec.recipes.len();
        let schedule = Schedule {
            n_arms,
            n_prompts: u32::try_from(spec.prompts.len()).unwrap_or(u32::MAX),
            warm_ups: work.warm_ups,
            together: true,
        };
        Self {
            start: now,
            bases: vec![basis; n_arms],
            work,
            schedule,
            place: Place::beside(StageName::Loading, None),
            steps: schedule.steps(1),
            making: None,
            part: Part::Main,
            share_done: 0.0,
            n_generated: vec![0; n_arms],
            stage_start: now,
        }
    }

    /// The same where so much is known of the orders in which the recipes' blocks go.
    pub(super) fn knowing(self, orders: Vec<Option<KnownOrder>>) -> Self {
        Self {
            work: self.work.knowing(orders),
            ..self
        }
    }

    /// Takes the schedule that was decided on when all variants were there.
    pub(super) fn follow(&mut self, schedule: Schedule) {
        self.schedule = schedule;
        self.steps = schedule.steps(1);
    }

    /// Enters a stage.
    pub(super) fn enter(&mut self, place: Place) -> Stage {
        if place.iteration != self.place.iteration {
            self.steps = self.schedule.steps(place.iteration);
        }
        match place.name {
            StageName::Pruning | StageName::Quantizing => {}
            StageName::Quality | StageName::Summarizing => self.steps.clear(),
            _ => {
                // A warm-up that has begun is behind when the next one begins.
                let is_again = self.place.name == place.name && self.place.arm == place.arm;
                let skip = usize::from(is_again && place.name == StageName::WarmingUp);
                let is_here = |step: &Step| {
                    Place::of(*step, place.iteration).is_some_and(|other| {
                        (other.name, other.arm, other.prompt)
                            == (place.name, place.arm, place.prompt)
                    })
                };
                let here = self.steps.iter().skip(skip).position(is_here);
                if let Some(here) = here {
                    self.steps.drain(..here + skip);
                }
            }
        }
        self.place = place;
        self.making = self.begun();
        self.part = Part::Main;
        self.share_done = 0.0;
        self.n_generated.fill(0);
        self.stage_start = Instant::now();
        self.stage()
    }

    /// The stage as announced.
    pub(super) fn stage(&self) -> Stage {
        let seconds_left = self.seconds_left();
        Stage {
            name: self.place.name,
            arm: None,
            iteration: self.place.iteration,
            iterations: self.work.iterations,
            prompt: self.place.prompt,
            prompts: u32::try_from(self.work.prompt_tokens.len()).unwrap_or(u32::MAX),
            fraction_done: self.fraction_done(seconds_left),
            seconds_left: Some(seconds_left),
        }
    }

    /// Share that is behind, by time.
    pub(super) fn fraction_done(&self, seconds_left: f64) -> f64 {
        let elapsed = self.start.elapsed().as_secs_f64();
        elapsed / (elapsed + seconds_left).max(1e-3)
    }

    /// Whether the present stage is one whose time is a result.
    pub(super) fn is_timed(&self) -> bool {
        matches!(self.place.name, StageName::Prefill | StageName::Generating)
    }
}

fn as_index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::example::{BASIS, at, progress, spec};
    use super::*;
    use crate::bench::making::Making;
    use crate::bench::schedule::Act;
    use crate::domain::recipe::Recipe;
    use crate::domain::run::RunRequest;

    #[test]
    fn time_left_shrinks_from_stage_to_stage() {
        let mut progress = progress();
        let mut left = progress.seconds_left() + 1.0;
        let stages = [
            (StageName::Loading, 1, None),
            (StageName::WarmingUp, 1, None),
            (StageName::Prefill, 1, None),
            (StageName::Generating, 1, Some(1)),
            (StageName::Generating, 1, Some(2)),
            (StageName::Loading, 2, None),
            (StageName::Generating, 3, Some(2)),
            (StageName::Summarizing, 3, None),
        ];
        for (name, iteration, prompt) in stages {
            let stage = progress.enter(at(name, iteration, prompt));
            let now = stage.seconds_left.unwrap();
            assert!(now < left, "{name:?}: {now} is not below {left}");
            left = now;
        }
        assert_eq!(left, 0.0);
    }

    #[test]
    fn warm_ups_are_counted_off_one_by_one() {
        let spec = spec(3);
        let mut progress = Progress::start(&spec, BASIS);
        progress.enter(at(StageName::Loading, 1, None));
        let mut left = progress.seconds_left();
        let one = BASIS.warm_up_seconds(&Workload::from(&spec));
        let loading = BASIS.load_s;
        for (round, less) in [loading, one, one].into_iter().enumerate() {
            progress.enter(at(StageName::WarmingUp, 1, None));
            let now = progress.seconds_left();
            assert!(
                (left - now - less).abs() < 0.05,
                "round {round}: {left} to {now}"
            );
            left = now;
        }
        // The next launch begins with all of them.
        progress.enter(at(StageName::Loading, 2, None));
        let in_next = |progress: &Progress| {
            let acts = progress.steps.iter().map(|step| step.act);
            acts.filter(|act| *act == Act::WarmUp).count()
        };
        assert_eq!(in_next(&progress), 3);
    }

    #[test]
    fn variants_and_quality_count_too() {
        use crate::domain::quantization::QuantizationType;

        let levels = [QuantizationType::Q4_0, QuantizationType::Q8_0];
        let request = RunRequest {
            recipes: Some(levels.map(Recipe::quantized).to_vec()),
            quality: Some(true),
            ..RunRequest::default()
        };
        let spec = RunSpec::try_from(request).unwrap();
        let mut progress = Progress::start(&spec, BASIS);
        let making = Place::beside(StageName::Quantizing, Some(1));
        let mut left = progress.enter(making).seconds_left.unwrap();
        assert!((left - BASIS.spec_seconds(&spec)).abs() < 0.1, "{left}");
        progress.learn_making(&Making::Tensors(1, 2));
        assert!(progress.seconds_left() < left, "half of it is behind");
        let all_at = |prompt| Place {
            arm: None,
            ..at(StageName::Generating, 3, Some(prompt))
        };
        for place in [
            Place::beside(StageName::Quantizing, Some(2)),
            Place {
                arm: Some(2),
                ..at(StageName::Loading, 1, None)
            },
            all_at(1),
            all_at(2),
            Place::beside(StageName::Quality, None),
            Place::beside(StageName::Summarizing, None),
        ] {
            let now = progress.enter(place).seconds_left.unwrap();
            assert!(now < left, "{place:?}: {now} is not below {left}");
            left = now;
        }
        assert_eq!(left, 0.0);
    }
}
