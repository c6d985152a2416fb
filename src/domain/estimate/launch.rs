//! How long a launch takes: loading, warming up, the prefill, every prompt.

use super::{SpeedBasis, Workload};
use crate::domain::defaults::{PREFILL_TOKENS, SETTLE_S, WARM_UP_PREFILL_TOKENS, WARM_UP_TOKENS};

/// Seconds that a worker takes to start and be asked, whatever the model.
const LAUNCH_OVERHEAD_S: f64 = 0.3;

impl SpeedBasis {
    /// Seconds of one launch: load, warm-ups, prefill, every prompt.
    pub fn launch_seconds(&self, work: &Workload) -> f64 {
        self.start_seconds()
            + f64::from(work.warm_ups) * self.warm_up_seconds(work)
            + self.prefill_seconds()
            + self.requests_seconds(work, 0)
    }

    /// Seconds until a fresh worker has loaded the model.
    pub fn start_seconds(&self) -> f64 {
        self.load_s + LAUNCH_OVERHEAD_S
    }

    /// Seconds of one warm-up: a prefill and the first prompt, both in short.
    pub fn warm_up_seconds(&self, work: &Workload) -> f64 {
        let first = work.prompt_tokens.first().copied().unwrap_or(0.0);
        self.prompt_seconds(f64::from(WARM_UP_PREFILL_TOKENS))
            + self.prompt_seconds(first)
            + self.decode_seconds(WARM_UP_TOKENS.min(work.max_tokens))
    }

    /// Seconds of the measured standard prefill.
    pub fn prefill_seconds(&self) -> f64 {
        SETTLE_S + self.prompt_seconds(f64::from(PREFILL_TOKENS))
    }

    /// Seconds of the requests of a launch after the first `n_done`.
    pub fn requests_seconds(&self, work: &Workload, n_done: usize) -> f64 {
        let left = work.prompt_tokens.iter().skip(n_done);
        left.map(|tokens| self.request_seconds(work, *tokens)).sum()
    }

    /// Seconds of one request to a prompt of so many tokens.
    pub fn request_seconds(&self, work: &Workload, prompt_tokens: f64) -> f64 {
        SETTLE_S + self.prompt_seconds(prompt_tokens) + self.decode_seconds(work.max_tokens)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::estimate::example::{of, seconds};

    #[test]
    fn every_part_of_a_launch_counts() {
        // 2 launches: load 1, start 0.3, prefill 0.05 + 1, request 0.05 + 4
        // characters at 1/512 + 128 tokens at 1/64.
        let bare = 2.0 * (1.0 + 0.3 + 1.05 + 0.05 + 1.0 / 512.0 + 2.0);
        assert!((seconds(of("four", 128, 0)) - bare).abs() < 1e-9);
    }

    #[test]
    fn each_warm_up_counts() {
        // 512 tokens, the prompt, and 16 tokens or as many as are asked for.
        let one = 1.0 + 1.0 / 512.0 + 0.25;
        let more = seconds(of("four", 128, 10)) - seconds(of("four", 128, 0));
        assert!((more - 2.0 * 10.0 * one).abs() < 1e-9);
        let short = seconds(of("four", 4, 1)) - seconds(of("four", 4, 0));
        assert!((short - 2.0 * (one - 12.0 / 64.0)).abs() < 1e-9);
    }

    #[test]
    fn a_long_prompt_takes_its_time() {
        // 4,096 characters more are about 1,024 tokens: 2 s a launch.
        let long = seconds(of(&"word".repeat(1025), 1, 0));
        assert!((long - seconds(of("four", 1, 0)) - 4.0).abs() < 1e-9);
    }
}
