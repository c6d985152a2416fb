//! What a change of perplexity means.

use super::compare::Verdict;
use super::quality::{CHUNKS_QUICK, Estimate, Quality};

/// Change of perplexity, as a logarithm, up to which it counts as the same: 1 %. The size
/// of a batch alone, which changes nothing but the order of sums, moves that of a small
/// model as far; and a mean divergence of as many nats is near lossless.
const SAME: f64 = 0.01;

impl Quality {
    /// Better or worse where the whole interval lies beyond 0: both models read the same
    /// tokens in batches of one size, so that there is no noise but the text's. No
    /// difference only where it lies within 1 %. Of fewer chunks than a quick look has,
    /// nothing is said: resampling so few makes intervals that are too narrow.
    pub fn perplexity_verdict(&self) -> Verdict {
        let Estimate { low, high, .. } = self.ln_perplexity_ratio;
        let is_enough = self.perplexity.n_chunks >= CHUNKS_QUICK;
        match low.zip(high).filter(|_| is_enough) {
            Some((low, _)) if low > 0.0 => Verdict::Worse,
            Some((_, high)) if high < 0.0 => Verdict::Better,
            Some((low, high)) if low >= -SAME && high <= SAME => Verdict::NoMeasurableDifference,
            _ => Verdict::Undecided,
        }
    }

    /// The same as people read it.
    pub fn perplexity_words(&self) -> &'static str {
        match self.perplexity_verdict() {
            Verdict::Undecided => "undecided, needs more text",
            verdict => verdict.words(),
        }
    }
}

#[cfg(test)]
impl Quality {
    /// Of a variant for tests: from `low` to `high` is its change of perplexity.
    pub(crate) fn sample(low: f64, high: f64, n_chunks: u32) -> Self {
        use super::quality::{KldPercentiles, Perplexity, TextName};
        let estimate = |low, high| Estimate {
            value: f64::midpoint(low, high),
            standard_error: None,
            low: Some(low),
            high: Some(high),
        };
        Self {
            perplexity: Perplexity {
                perplexity: estimate(20.0, 22.0),
                text: TextName {
                    name: "a text".to_owned(),
                    sha256: String::new(),
                },
                n_chunks,
                n_ctx: 512,
                n_tokens: u64::from(n_chunks) * 255,
            },
            ln_perplexity_ratio: estimate(low, high),
            mean_kld: estimate(0.1, 0.2),
            kld: KldPercentiles {
                p50: 0.1,
                p90: 0.2,
                p95: 0.3,
                p99: 0.4,
                p999: 0.5,
                max: 0.6,
            },
            same_top_token: estimate(0.8, 0.9),
            rms_delta_p: estimate(0.1, 0.2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_that_holds_0_shows_equality_only_where_it_is_narrow() {
        let verdict =
            |low, high, n_chunks| Quality::sample(low, high, n_chunks).perplexity_verdict();
        assert_eq!(verdict(-0.01, 0.01, 10), Verdict::NoMeasurableDifference);
        assert_eq!(verdict(-0.011, 0.001, 40), Verdict::Undecided);
        assert_eq!(verdict(-0.001, 0.3, 40), Verdict::Undecided);
        assert_eq!(verdict(0.005, 0.009, 40), Verdict::Worse);
        assert_eq!(verdict(-0.2, -0.1, 40), Verdict::Better);
        for (low, high) in [(-0.001, 0.001), (0.1, 0.2), (-0.2, -0.1)] {
            assert_eq!(verdict(low, high, 2), Verdict::Undecided, "two chunks");
        }
        let mut one_chunk = Quality::sample(0.0, 0.0, 1);
        one_chunk.ln_perplexity_ratio.low = None;
        one_chunk.ln_perplexity_ratio.high = None;
        assert_eq!(one_chunk.perplexity_verdict(), Verdict::Undecided);
        assert_eq!(one_chunk.perplexity_words(), "undecided, needs more text");
    }
}
