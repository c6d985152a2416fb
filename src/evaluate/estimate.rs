//! An estimate from one number a token.

use super::resample;
use crate::domain::quality::Estimate;

/// What is made of a mean over tokens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    /// The mean itself.
    Mean,
    /// exp(mean): a perplexity of negative log likelihoods.
    Exponential,
    /// sqrt(mean): a root mean square of squares.
    Root,
}

impl Of {
    fn value(self, mean: f64) -> f64 {
        match self {
            Self::Mean => mean,
            Self::Exponential => mean.exp(),
            Self::Root => mean.max(0.0).sqrt(),
        }
    }

    /// The derivative, which carries the standard error over (delta method, as
    /// llama.cpp does).
    fn slope(self, mean: f64) -> f64 {
        match self {
            Self::Mean => 1.0,
            Self::Exponential => mean.exp(),
            Self::Root if mean > 0.0 => 0.5 / mean.sqrt(),
            // Without any change there is no error either.
            Self::Root => 0.0,
        }
    }
}

/// Of `values` in chunks of `n_per_chunk`. The standard error is the one over
/// tokens, sqrt((E[x²] - E[x]²) / (n - 1)); the interval resamples chunks.
pub(super) fn estimate(values: &[f64], n_per_chunk: usize, of: Of) -> Estimate {
    let n = values.len();
    let mean = mean(values);
    let standard_error = (n >= 2).then(|| {
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        of.slope(mean) * (squares / n as f64 / (n - 1) as f64).sqrt()
    });
    let chunk_means: Vec<f64> = values.chunks(n_per_chunk.max(1)).map(self::mean).collect();
    let interval = resample::interval(&chunk_means);
    let value = of.value(mean);
    // So few resamples as lie between must not leave a value outside of its own
    // interval.
    Estimate {
        value,
        standard_error,
        low: interval.map(|(low, _)| of.value(low).min(value)),
        high: interval.map(|(_, high)| of.value(high).max(value)),
    }
}

/// NaN without values.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_perplexity_has_llama_cpps_standard_error() {
        // exp(2.5); sqrt((7.5 - 2.5²) / 3) times that
        let found = estimate(&[1.0, 2.0, 3.0, 4.0], 2, Of::Exponential);
        assert!((found.value - 12.182_494).abs() < 1e-6);
        assert!((found.standard_error.unwrap() - 7.863_766).abs() < 1e-6);
        // Two chunks: the means 1.5 and 3.5 are the ends.
        assert!((found.low.unwrap() - 1.5_f64.exp()).abs() < 1e-9);
        assert!((found.high.unwrap() - 3.5_f64.exp()).abs() < 1e-9);
    }

    #[test]
    fn a_share_has_the_binomial_standard_error() {
        let found = estimate(&[1.0, 1.0, 1.0, 0.0], 2, Of::Mean);
        // sqrt(0.75 x 0.25 / 3)
        assert_eq!((found.value, found.standard_error), (0.75, Some(0.25)));
    }

    #[test]
    fn a_root_mean_square_of_nothing_is_certain() {
        let found = estimate(&[0.0; 8], 4, Of::Root);
        assert_eq!((found.value, found.standard_error), (0.0, Some(0.0)));
        assert_eq!((found.low, found.high), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn one_token_has_no_error_and_one_chunk_no_interval() {
        let found = estimate(&[1.0], 1, Of::Mean);
        assert_eq!((found.standard_error, found.low), (None, None));
        assert!(estimate(&[1.0, 2.0], 2, Of::Mean).low.is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn an_interval_contains_its_estimate(
            values in prop::collection::vec(0.0_f64..20.0, 2..60),
            n_per_chunk in 1_usize..10,
        ) {
            for of in [Of::Mean, Of::Exponential, Of::Root] {
                let found = estimate(&values, n_per_chunk, of);
                if let (Some(low), Some(high)) = (found.low, found.high) {
                    prop_assert!(low <= found.value && found.value <= high, "{:?}", found);
                }
                prop_assert!(found.standard_error.unwrap() >= 0.0);
            }
        }
    }
}
