//! How long a run will take: shown before the start, refined while it runs.

#[cfg(test)]
mod example;
mod launch;
mod making;
mod quality;
mod workload;

use serde::{Deserialize, Serialize};

use super::benchmark::ArmResult;
use super::metrics::{Figure, Reading};
use super::run::RunSpec;

pub use workload::{Workload, matrices};

/// What a speed is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpeedSource {
    /// The size of the file: a guess.
    FileSize,
    /// A run of the model during which it was not measured what other programs did.
    Run,
    /// One that nothing disturbed, other programs included.
    UndisturbedRun,
}

/// What is known of a model's speed on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SpeedBasis {
    /// Loading, s.
    pub load_s: f64,
    /// Prefill speed, tokens/s.
    pub prompt_tokens_per_second: f64,
    /// Decode speed, tokens/s.
    pub tokens_per_second: f64,
    /// What that is known from.
    pub source: SpeedSource,
}

impl SpeedBasis {
    /// A guess from the size alone, for a model never measured here: decoding
    /// reads every weight once a token, at 10 GB/s on a plain desktop.
    pub fn guess(size_bytes: u64) -> Self {
        let size = (size_bytes as f64).max(1e6);
        let tokens_per_second = 10e9 / size;
        Self {
            load_s: size / 1e9,
            prompt_tokens_per_second: tokens_per_second * 5.0,
            tokens_per_second,
            source: SpeedSource::FileSize,
        }
    }

    /// What the figures of an arm tell of its model; none: they tell no speed. Loading is
    /// not among them and stays a guess.
    pub fn of(arm: &ArmResult) -> Option<Self> {
        let speed = |reading: &Reading<Figure>| reading.mean().filter(|mean| *mean > 0.0);
        Some(Self {
            prompt_tokens_per_second: speed(&arm.prompt_tokens_per_second)?,
            tokens_per_second: speed(&arm.tokens_per_second)?,
            source: SpeedSource::Run,
            ..Self::guess(arm.model.size_bytes)
        })
    }

    /// Seconds of the run that `spec` asks for.
    pub fn spec_seconds(&self, spec: &RunSpec) -> f64 {
        self.run_seconds(&Workload::from(spec))
    }

    /// Seconds of a whole run, variants as fast as their baseline: they are
    /// faster as a rule.
    pub fn run_seconds(&self, work: &Workload) -> f64 {
        let launches = f64::from(work.iterations) * work.arms();
        let making = work
            .making()
            .map(|(recipe, order)| self.making_seconds(recipe, order));
        let making: f64 = making.sum();
        let imatrices = matrices(&work.recipes) as f64 * self.imatrix_seconds();
        let measuring = launches * self.launch_seconds(work);
        imatrices + making + measuring + self.quality_seconds(work)
    }

    /// Seconds in which so many tokens are generated.
    pub fn decode_seconds(&self, n_tokens: u32) -> f64 {
        f64::from(n_tokens) / self.tokens_per_second
    }

    fn prompt_seconds(&self, n_tokens: f64) -> f64 {
        n_tokens / self.prompt_tokens_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::example::{of, seconds};
    use super::{SpeedBasis, SpeedSource};
    use crate::domain::benchmark::ArmResult;
    use crate::domain::metrics::Reading;
    use crate::domain::model::Model;
    use crate::domain::recipe::Recipe;
    use crate::domain::run::RunRequest;

    #[test]
    fn an_arm_tells_how_fast_its_model_is() {
        let model = Model {
            size_bytes: 2_000_000_000,
            ..Model::sample("F16", None)
        };
        let mut arm = ArmResult::sample(model, 512.0, 64.0);
        let known = SpeedBasis {
            load_s: 2.0,
            prompt_tokens_per_second: 512.0,
            tokens_per_second: 64.0,
            source: SpeedSource::Run,
        };
        assert_eq!(SpeedBasis::of(&arm), Some(known));
        arm.tokens_per_second = Reading::NotMeasured("one token".to_owned());
        assert_eq!(SpeedBasis::of(&arm), None, "no guess is called measured");
    }

    #[test]
    fn every_arm_counts_and_so_does_quality() {
        let of = |levels: usize, quality: bool| {
            let levels = &crate::domain::quantization::QuantizationType::ALL[..levels];
            let recipes = levels.iter().copied().map(Recipe::quantized);
            seconds(RunRequest {
                recipes: Some(recipes.collect()),
                quality: Some(quality),
                quality_chunks: Some(10),
                ..of("four", 128, 1)
            })
        };
        let (one, two) = (of(0, false), of(1, false));
        assert!(
            (two - (2.0 * one + 5.0)).abs() < 1e-9,
            "a variant is made in 5 s"
        );
        // 10 chunks of 512 tokens at 512 tokens/s, two arms, half as much again;
        // and for each arm an answer: 4 characters, 128 tokens at 64 tokens/s.
        let answers = 2.0 * (1.0 / 512.0 + 2.0);
        assert!((of(1, true) - two - 30.0 - answers).abs() < 1e-9);
    }
}
