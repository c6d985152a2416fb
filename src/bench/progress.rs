//! Where a run is and how long it still takes, refined as it is measured.

use std::time::Instant;

use crate::domain::environment::LoadReport;
use crate::domain::estimate::SpeedBasis;
use crate::domain::event::{Stage, StageName};
use crate::domain::run::RunSpec;
use crate::domain::sample::{Generation, Prefill};

/// The clock of one run.
pub(super) struct Progress {
    start: Instant,
    basis: SpeedBasis,
    iterations: u32,
    prompts: u32,
    max_tokens: u32,
    /// From 1.
    iteration: u32,
    name: StageName,
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
            iterations: spec.settings.iterations,
            prompts: u32::try_from(spec.prompts.len()).unwrap_or(u32::MAX),
            max_tokens: spec.settings.max_tokens,
            iteration: 1,
            name: StageName::Loading,
            prompt: None,
            n_generated: 0,
            stage_start: now,
        }
    }

    /// Enters a stage.
    pub(super) fn enter(&mut self, name: StageName, iteration: u32, prompt: Option<u32>) -> Stage {
        self.name = name;
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
            iteration: self.iteration,
            iterations: self.iterations,
            prompt: self.prompt,
            prompts: self.prompts,
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
        let launches = self.iterations.saturating_sub(self.iteration);
        let n_prompts = self.prompts as usize;
        let one = self.basis.launch_seconds(n_prompts, self.max_tokens);
        f64::from(launches) * one + self.seconds_left_in_launch()
    }

    fn seconds_left_in_launch(&self) -> f64 {
        let basis = &self.basis;
        let request = basis.request_seconds(self.max_tokens);
        let requests = f64::from(self.prompts) * request;
        let spent = self.stage_start.elapsed().as_secs_f64();
        let left_of = |stage_seconds: f64| (stage_seconds - spent).max(0.0);
        match self.name {
            StageName::Loading => {
                left_of(basis.load_s) + basis.warm_up_seconds() + basis.prefill_seconds() + requests
            }
            StageName::WarmingUp => {
                left_of(basis.warm_up_seconds()) + basis.prefill_seconds() + requests
            }
            StageName::Prefill => left_of(basis.prefill_seconds()) + requests,
            StageName::Generating => {
                let later = self
                    .prompts
                    .saturating_sub(self.prompt.unwrap_or(self.prompts));
                let tokens = self.max_tokens.saturating_sub(self.n_generated);
                let this = basis.request_seconds(tokens).min(request);
                f64::from(later) * request
                    + if self.n_generated == 0 {
                        left_of(this)
                    } else {
                        this
                    }
            }
            StageName::Summarizing => 0.0,
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

    /// Learns from a request.
    pub(super) fn learn_generation(&mut self, generation: &Generation) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::RunRequest;

    fn progress() -> Progress {
        let spec = RunSpec::try_from(RunRequest::default()).unwrap();
        let basis = SpeedBasis {
            load_s: 1.0,
            prompt_tokens_per_second: 512.0,
            tokens_per_second: 128.0,
            measured: true,
        };
        Progress::start(&spec, basis)
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
        // loading and prefill take as long as before.
        let saved = before - progress.seconds_left();
        assert!((saved - 5.633).abs() < 0.05, "{saved}");
    }
}
