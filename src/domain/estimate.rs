//! How long a run will take: shown before the start, refined while it runs.

use serde::{Deserialize, Serialize};

use super::defaults;
use super::run::{RunSettings, RunSpec};

/// Seconds that a worker takes to start and be asked, whatever the model.
const LAUNCH_OVERHEAD_S: f64 = 0.3;

/// What is known of a model's speed on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpeedBasis {
    /// Loading, s.
    pub load_s: f64,
    /// Prefill speed, tokens/s.
    pub prompt_tokens_per_second: f64,
    /// Decode speed, tokens/s.
    pub tokens_per_second: f64,
    /// Whether it was measured on this model, or guessed from its size.
    pub measured: bool,
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
            measured: false,
        }
    }

    /// Seconds of one launch: load, warm-up, prefill, every prompt.
    pub fn launch_seconds(&self, n_prompts: usize, max_tokens: u32) -> f64 {
        self.load_s
            + LAUNCH_OVERHEAD_S
            + self.warm_up_seconds()
            + self.prefill_seconds()
            + n_prompts as f64 * self.request_seconds(max_tokens)
    }

    /// Seconds of the warm-up.
    pub fn warm_up_seconds(&self) -> f64 {
        self.prefill_seconds() + self.request_seconds(defaults::WARM_UP_TOKENS)
    }

    /// Seconds of the standard prefill.
    pub fn prefill_seconds(&self) -> f64 {
        f64::from(defaults::PREFILL_TOKENS) / self.prompt_tokens_per_second
    }

    /// Seconds of one request.
    pub fn request_seconds(&self, max_tokens: u32) -> f64 {
        f64::from(max_tokens) / self.tokens_per_second
    }

    /// Seconds of a whole run.
    pub fn run_seconds(&self, n_prompts: usize, settings: &RunSettings) -> f64 {
        f64::from(settings.iterations) * self.launch_seconds(n_prompts, settings.max_tokens)
    }

    /// Seconds of the run that `spec` asks for.
    pub fn spec_seconds(&self, spec: &RunSpec) -> f64 {
        self.run_seconds(spec.prompts.len(), &spec.settings)
    }
}
