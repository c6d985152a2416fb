//! Where a run is and how long it still takes, refined as it is measured.

use std::time::Instant;

use crate::domain::environment::LoadReport;
use crate::domain::estimate::{SpeedBasis, Workload};
use crate::domain::event::{Stage, StageName};
use crate::domain::run::RunSpec;
use crate::domain::sample::{Generation, Prefill};

/// The clock of one run.
pub(super) struct Progress {
    start: Instant,
    basis: SpeedBasis,
    work: Workload,
    /// From 1.
    iteration: u32,
    name: StageName,
    /// Warm-ups of this launch that have begun.
    warm_ups: u32,
    /// From 1 while generating.
    prompt: Option<u32>,
    /// Tokens of the current request.
    n_generated: u32,
    stage_start: Instant,
}

impl Progress {
    /// Starts the clock with what is known of the model's speed.
    pub(super) fn start(spec: &RunSpec, basis: SpeedBasis) -> Self {
        let now = Instant::now();
        Self {
            start: now,
            basis,
            work: Workload::from(spec),
            iteration: 1,
            name: StageName::Loading,
            warm_ups: 0,
            prompt: None,
            n_generated: 0,
            stage_start: now,
        }
    }

    /// Enters a stage.
    pub(super) fn enter(&mut self, name: StageName, iteration: u32, prompt: Option<u32>) -> Stage {
        self.name = name;
        match name {
            StageName::Loading => self.warm_ups = 0,
            StageName::WarmingUp => self.warm_ups += 1,
            _ => {}
        }
        self.iteration = iteration;
        self.prompt = prompt;
        self.n_generated = 0;
        self.stage_start = Instant::now();
        self.stage()
    }

    /// The stage as announced.
    pub(super) fn stage(&self) -> Stage {
        let seconds_left = self.seconds_left();
        Stage {
            name: self.name,
            arm: None,
            iteration: self.iteration,
            iterations: self.work.iterations,
            prompt: self.prompt,
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

    /// Time left by what is known now, s.
    pub(super) fn seconds_left(&self) -> f64 {
        let launches = self.work.iterations.saturating_sub(self.iteration);
        let one = self.basis.launch_seconds(&self.work);
        f64::from(launches) * one + self.seconds_left_in_launch()
    }

    fn seconds_left_in_launch(&self) -> f64 {
        let (basis, work) = (&self.basis, &self.work);
        let spent = self.stage_start.elapsed().as_secs_f64();
        let left_of = |stage_seconds: f64| (stage_seconds - spent).max(0.0);
        let warm_up = basis.warm_up_seconds(work);
        let warm_ups = f64::from(work.warm_ups.saturating_sub(self.warm_ups)) * warm_up;
        let requests = basis.requests_seconds(work, 0);
        match self.name {
            StageName::Loading => {
                left_of(basis.load_s) + warm_ups + basis.prefill_seconds() + requests
            }
            StageName::WarmingUp => {
                left_of(warm_up) + warm_ups + basis.prefill_seconds() + requests
            }
            StageName::Prefill => left_of(basis.prefill_seconds()) + requests,
            StageName::Generating => {
                let number = self.prompt.map_or(work.prompt_tokens.len(), as_index);
                let later = basis.requests_seconds(work, number);
                let this = basis.requests_seconds(work, number.saturating_sub(1)) - later;
                let tokens = work.max_tokens.saturating_sub(self.n_generated);
                later
                    + match self.n_generated {
                        0 => left_of(this),
                        _ => basis.decode_seconds(tokens).min(this),
                    }
            }
            StageName::Quantizing | StageName::Quality | StageName::Summarizing => 0.0,
        }
    }

    /// Learns from a load.
    pub(super) fn learn_load(&mut self, report: &LoadReport) {
        self.basis.load_s = report.load_s;
    }

    /// Learns from a prefill.
    pub(super) fn learn_prefill(&mut self, prefill: &Prefill) {
        if prefill.elapsed_s > 0.0 {
            self.basis.prompt_tokens_per_second = f64::from(prefill.n_tokens) / prefill.elapsed_s;
        }
    }

    /// Learns from a request, or from a warm-up's, which is to the first prompt.
    pub(super) fn learn_generation(&mut self, generation: &Generation) {
        let number = self.prompt.map_or(1, as_index);
        let place = number.checked_sub(1);
        if let Some(tokens) = place.and_then(|place| self.work.prompt_tokens.get_mut(place)) {
            *tokens = generation.n_prompt_tokens.into();
        }
        self.learn_speed(generation.tokens_per_second());
        self.basis.measured = true;
    }

    /// Learns from progress inside a request.
    pub(super) fn learn_tokens(&mut self, n_generated: u32, tokens_per_second: f64) {
        self.n_generated = n_generated;
        self.learn_speed(Some(tokens_per_second));
    }

    fn learn_speed(&mut self, tokens_per_second: Option<f64>) {
        if let Some(speed) = tokens_per_second.filter(|speed| *speed > 0.0) {
            self.basis.tokens_per_second = speed;
        }
    }
}

fn as_index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::RunRequest;
    use crate::domain::sample::{MemoryReading, StopReason};

    const BASIS: SpeedBasis = SpeedBasis {
        load_s: 1.0,
        prompt_tokens_per_second: 512.0,
        tokens_per_second: 128.0,
        measured: true,
    };

    fn spec(warm_ups: i64) -> RunSpec {
        let request = RunRequest {
            warm_ups: Some(warm_ups),
            ..RunRequest::default()
        };
        RunSpec::try_from(request).unwrap()
    }

    fn progress() -> Progress {
        Progress::start(&spec(1), BASIS)
    }

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
            let stage = progress.enter(name, iteration, prompt);
            let now = stage.seconds_left.unwrap();
            assert!(now < left, "{name:?}: {now} is not below {left}");
            left = now;
        }
        assert_eq!(left, 0.0);
    }

    #[test]
    fn a_faster_model_than_guessed_shortens_the_rest() {
        let mut progress = progress();
        progress.enter(StageName::Generating, 1, Some(1));
        let before = progress.seconds_left();
        progress.learn_tokens(10, 1280.0);
        // 6.25 s of decoding were left, ten times as fast now, ten tokens done;
        // the pause and the prompt before them are behind, 0.057 s; loading and
        // prefill take as long as before.
        let saved = before - progress.seconds_left();
        assert!((saved - 5.690).abs() < 0.05, "{saved}");
    }

    #[test]
    fn the_start_agrees_with_the_estimate_before_it() {
        for warm_ups in [0, 1, 10] {
            let spec = spec(warm_ups);
            let mut progress = Progress::start(&spec, BASIS);
            let left = progress.enter(StageName::Loading, 1, None).seconds_left;
            let estimate = BASIS.spec_seconds(&spec);
            // The start of the first worker is behind, the clock has run a bit.
            let gap = estimate - left.unwrap();
            assert!((0.0..0.35).contains(&gap), "{warm_ups}: {gap}");
        }
    }

    #[test]
    fn warm_ups_are_counted_off_one_by_one() {
        let spec = spec(3);
        let mut progress = Progress::start(&spec, BASIS);
        progress.enter(StageName::Loading, 1, None);
        let mut left = progress.seconds_left();
        let one = BASIS.warm_up_seconds(&Workload::from(&spec));
        let loading = BASIS.load_s;
        for (round, less) in [loading, one, one].into_iter().enumerate() {
            progress.enter(StageName::WarmingUp, 1, None);
            let now = progress.seconds_left();
            assert!(
                (left - now - less).abs() < 0.05,
                "round {round}: {left} to {now}"
            );
            left = now;
        }
        // The next launch begins with all of them.
        progress.enter(StageName::Loading, 2, None);
        assert_eq!(progress.warm_ups, 0);
    }

    #[test]
    fn the_true_length_of_a_prompt_is_learned() {
        let mut progress = progress();
        progress.enter(StageName::WarmingUp, 1, None);
        let before = progress.seconds_left();
        progress.learn_generation(&generation(512));
        assert_eq!(progress.work.prompt_tokens, [512.0, 6.0], "22 characters");
        // Nearly a second more in three requests and the two next warm-ups,
        // and in this one.
        let more = progress.seconds_left() - before;
        assert!((more - 6.0).abs() < 0.1, "{more}");
        progress.enter(StageName::Generating, 1, Some(2));
        progress.learn_generation(&generation(7));
        assert_eq!(progress.work.prompt_tokens, [512.0, 7.0]);
    }

    fn generation(n_prompt_tokens: u32) -> Generation {
        Generation {
            n_prompt_tokens,
            n_generated: 1,
            response_time_s: 0.1,
            time_to_first_token_s: 0.1,
            prefill_s: 0.1,
            decode_s: 0.0,
            token_gaps_ns: Vec::new(),
            cpu_s: 0.1,
            cpu_decode_s: 0.0,
            major_page_faults: None,
            memory: MemoryReading::default(),
            text: String::new(),
            stop: StopReason::MaxTokens,
        }
    }
}
