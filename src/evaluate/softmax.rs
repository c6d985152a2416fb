//! Sums of exponentials over a whole vocabulary. The loops keep separate sums
//! side by side, so that the compiler turns them into vector instructions.

/// Sums kept side by side.
const LANES: usize = 16;

/// Below it exp(x) is nothing beside 1, and the smallest normal number.
const FLOOR: f32 = -87.0;

/// What is needed of one row of logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    /// The largest logit.
    max: f32,
    /// Its token: the first, where several are as large.
    pub(super) top: usize,
    /// Sum over the vocabulary of exp(logit - max).
    sum: f64,
}

impl Row {
    /// Of a row that is not empty.
    pub(super) fn of(logits: &[f32]) -> Self {
        let max = largest(logits);
        Self {
            max,
            top: first_at(logits, max),
            sum: sum_of_exponentials(logits, max),
        }
    }

    /// The logarithm of the sum over the vocabulary of exp(logit).
    fn log_sum(&self) -> f64 {
        f64::from(self.max) + self.sum.ln()
    }

    /// Negative log likelihood of the token with this logit, nats.
    pub(super) fn negative_log_likelihood(&self, logit: f32) -> f64 {
        self.log_sum() - f64::from(logit)
    }
}

/// Kullback-Leibler divergence of `other` from `base`, nats: the sum over the
/// vocabulary of p (ln p - ln q), with ln p = logit - log sum in both.
pub(super) fn kl_divergence(
    (base, base_row): (&[f32], &Row),
    (other, other_row): (&[f32], &Row),
) -> f64 {
    let mut sums = [0.0_f64; LANES];
    let (base_blocks, base_rest) = base.as_chunks::<LANES>();
    let (other_blocks, other_rest) = other.as_chunks::<LANES>();
    for (base, other) in base_blocks.iter().zip(other_blocks) {
        for ((sum, base), other) in sums.iter_mut().zip(base).zip(other) {
            *sum += weighted_difference(*base, *other, base_row.max);
        }
    }
    let rest = base_rest.iter().zip(other_rest);
    let rest: f64 = rest
        .map(|(base, other)| weighted_difference(*base, *other, base_row.max))
        .sum();
    let sum = sums.iter().sum::<f64>() + rest;
    let divergence = sum / base_row.sum + other_row.log_sum() - base_row.log_sum();
    // Never negative but for rounding; a NaN stays one.
    if divergence < 0.0 { 0.0 } else { divergence }
}

/// exp(base - max) (base - other), and 0 where the first factor is: a logit may
/// be minus infinity.
fn weighted_difference(base: f32, other: f32, max: f32) -> f64 {
    let shifted = base - max;
    if shifted > FLOOR {
        f64::from(exp(shifted)) * f64::from(base - other)
    } else {
        0.0
    }
}

fn largest(logits: &[f32]) -> f32 {
    let mut largest = [f32::NEG_INFINITY; LANES];
    let (blocks, rest) = logits.as_chunks::<LANES>();
    for block in blocks {
        for (largest, logit) in largest.iter_mut().zip(block) {
            *largest = greater(*largest, *logit);
        }
    }
    let all = largest.iter().chain(rest);
    all.fold(f32::NEG_INFINITY, |most, logit| greater(most, *logit))
}

/// Unlike `f32::max` one instruction: what it does with NaN does not matter,
/// because the sum of exponentials becomes NaN then.
fn greater(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// The first place of `value`, looked for block by block.
fn first_at(logits: &[f32], value: f32) -> usize {
    const BLOCK: usize = 256;
    let holds = |block: &[f32]| {
        block
            .iter()
            .fold(false, |any, logit| any | (*logit == value))
    };
    let block = logits.chunks(BLOCK).position(holds).unwrap_or(0) * BLOCK;
    let within = logits[block..].iter().position(|logit| *logit == value);
    block + within.unwrap_or(0)
}

fn sum_of_exponentials(logits: &[f32], max: f32) -> f64 {
    let mut sums = [0.0_f64; LANES];
    let (blocks, rest) = logits.as_chunks::<LANES>();
    for block in blocks {
        for (sum, logit) in sums.iter_mut().zip(block) {
            *sum += f64::from(exp(*logit - max));
        }
    }
    let rest: f64 = rest.iter().map(|logit| f64::from(exp(logit - max))).sum();
    sums.iter().sum::<f64>() + rest
}

/// exp(x) for x <= 0, to the last bits of f32 and without branches, which the
/// standard library's cannot be: x = n ln 2 + r with |r| <= ln 2 / 2, then
/// 2^n times Taylor's series, whose next term is below 1e-8.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Added and taken away again it rounds to a whole number, which stands in
    // the lowest bits meanwhile.
    const ROUND: f32 = 1.5 * (1 << 23) as f32;
    // ln 2 in two parts, so that n times the first is exact.
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Written so that NaN stays NaN.
    let x = if x < FLOOR { FLOOR } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let series = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let series = 1.0 / 24.0 + r * (1.0 / 120.0 + r * series);
    let series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * series)));
    // The exponent of a float: biased by 127, above 23 bits.
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23));
    power * series
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By the definition, in f64 with the standard library's functions.
    fn plain_divergence(base: &[f32], other: &[f32]) -> f64 {
        let log_probabilities = |logits: &[f32]| -> Vec<f64> {
            let logits: Vec<f64> = logits.iter().map(|logit| f64::from(*logit)).collect();
            let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logits.iter().map(|logit| (logit - max).exp()).sum();
            logits.iter().map(|logit| logit - max - sum.ln()).collect()
        };
        let (base, other) = (log_probabilities(base), log_probabilities(other));
        base.iter()
            .zip(&other)
            .map(|(p, q)| p.exp() * (p - q))
            .sum()
    }

    fn fast_divergence(base: &[f32], other: &[f32]) -> f64 {
        kl_divergence((base, &Row::of(base)), (other, &Row::of(other)))
    }

    #[test]
    fn exponentials_are_right_to_the_last_bits() {
        for step in 0..200_000 {
            let x = -(step as f32) * 4e-4;
            let (found, right) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((found / right - 1.0).abs() < 3e-7, "exp({x}) = {found}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(-1e9) < 1e-37 && exp(f32::NEG_INFINITY) < 1e-37);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn a_row_knows_its_likelihoods() {
        // scipy.special.log_softmax([1, 2, 3, 3]) = [-2.9176, -1.9176, -0.9176, -0.9176]
        let row = Row::of(&[1.0, 2.0, 3.0, 3.0]);
        assert_eq!(row.top, 2, "the first of the largest");
        assert!((row.negative_log_likelihood(2.0) - 1.917_575_80).abs() < 1e-6);
    }

    #[test]
    fn the_top_token_is_found_in_any_block() {
        for top in [0, 1, 255, 256, 300, 999] {
            let mut logits = vec![-1.0; 1000];
            logits[top] = 2.0;
            assert_eq!(Row::of(&logits).top, top);
        }
    }

    #[test]
    fn the_divergence_is_scipys() {
        // scipy.special.rel_entr(softmax([1, 2, 3]), softmax([1, 1, 1])).sum()
        let found = fast_divergence(&[1.0, 2.0, 3.0], &[1.0, 1.0, 1.0]);
        assert!((found - 0.266_216_3).abs() < 1e-6, "{found}");
    }

    #[test]
    fn a_token_that_the_baseline_excludes_does_not_count() {
        let excluded = [0.0, 1.0, f32::NEG_INFINITY];
        let found = fast_divergence(&excluded, &excluded);
        assert_eq!(found, 0.0);
        assert!(!fast_divergence(&[0.0, 0.0, 0.0], &excluded).is_finite());
    }

    #[test]
    fn a_damaged_row_is_not_finite() {
        let damaged = [0.0, f32::NAN, 1.0];
        assert!(Row::of(&damaged).negative_log_likelihood(0.0).is_nan());
        assert!(fast_divergence(&[0.0; 3], &damaged).is_nan());
    }

    proptest! {
        #[test]
        fn the_divergence_is_the_definitions(
            (base, other) in (1_usize..200).prop_flat_map(|n| {
                let row = || prop::collection::vec(-30.0_f32..30.0, n);
                (row(), row())
            })
        ) {
            let (found, right) = (fast_divergence(&base, &other), plain_divergence(&base, &other));
            prop_assert!(found >= 0.0);
            prop_assert!((found - right).abs() <= 1e-5 * right.max(1.0), "{} for {}", found, right);
            prop_assert_eq!(fast_divergence(&base, &base), 0.0);
        }
    }
}
