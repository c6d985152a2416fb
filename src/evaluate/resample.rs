//! The 95 % interval of a mean over chunks, by resampling whole chunks: the
//! tokens inside one belong together (the bootstrap of clusters, with the
//! percentile interval: Davison and Hinkley 1997, 3.8 and 5.3).

use super::percentile::{percentile, sorted};

/// Resamples.
const RESAMPLES: usize = 10_000;
/// Fixed, so that the same figures have the same interval every time.
const SEED: u64 = 0x2545_f491_4f6c_dd1d;

/// Lower and upper end, from the means of equally long chunks; none below two.
pub(super) fn interval(chunk_means: &[f64]) -> Option<(f64, f64)> {
    let n = chunk_means.len();
    if n < 2 {
        return None;
    }
    let mut random = Random(SEED);
    let means = (0..RESAMPLES).map(|_| {
        let sum: f64 = (0..n).map(|_| chunk_means[random.below(n)]).sum();
        sum / n as f64
    });
    let means = sorted(means);
    Some((percentile(&means, 0.025), percentile(&means, 0.975)))
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // The high half of the product is below n, and even enough for any n
        // that there are chunks of.
        ((u128::from(z) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_the_bootstraps() {
        // scipy.stats.bootstrap((numpy.arange(40),), numpy.mean,
        // method="percentile") = [15.95, 23.03] or so, from run to run.
        let chunks: Vec<f64> = (0..40).map(f64::from).collect();
        let (low, high) = interval(&chunks).unwrap();
        assert!(
            (low - 15.95).abs() < 0.3 && (high - 23.05).abs() < 0.3,
            "{low} {high}"
        );
        assert_eq!(interval(&chunks), Some((low, high)), "the seed is fixed");
    }

    #[test]
    fn one_chunk_has_no_interval() {
        assert_eq!((interval(&[1.0]), interval(&[])), (None, None));
    }

    #[test]
    fn equal_chunks_leave_no_doubt() {
        let (low, high) = interval(&[0.25; 10]).unwrap();
        assert_eq!((low, high), (0.25, 0.25));
    }

    #[test]
    fn numbers_are_spread_evenly() {
        let mut random = Random(SEED);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[random.below(7)] += 1;
        }
        assert!(
            counts.iter().all(|n| (9_500..10_500).contains(n)),
            "{counts:?}"
        );
    }
}
