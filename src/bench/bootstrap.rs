//! Ratios of pooled percentiles, with intervals by resampling: launches first,
//! then requests within them.

/// Gaps between tokens, ns: by launch, then by request.
pub(super) type Gaps = Vec<Vec<Vec<u64>>>;

/// Resamples where gaps are few, as they are as a rule.
const RESAMPLES: usize = 2_000;
/// Fewest of them, however many gaps there are.
const RESAMPLES_LEAST: usize = 200;
/// Gaps that are looked at in all.
const WORK: usize = 1_000_000_000;
/// The same numbers every time: a stored run judged anew is judged alike.
const SEED: u64 = 0x5EED;

/// One arm's gaps in order, each with its request.
struct Pooled {
    sorted: Vec<(u64, u32)>,
    /// Gaps of each request.
    lengths: Vec<u64>,
}

/// The 95 % intervals of variant / baseline of the pooled percentiles at
/// `quantiles`, 0 to 1. Both arms are resampled alike, launch by launch and
/// request by request: they were measured in turns. None below two launches.
pub(super) fn percentile_ratios<const N: usize>(
    baseline: &Gaps,
    variant: &Gaps,
    quantiles: [f64; N],
) -> Option<[(f64, f64); N]> {
    let n_launches = baseline.len().min(variant.len());
    let arms = [Pooled::of(baseline), Pooled::of(variant)];
    let n_gaps: usize = arms.iter().map(|arm| arm.sorted.len()).sum();
    if n_launches < 2 || arms.iter().any(|arm| arm.sorted.is_empty()) {
        return None;
    }
    let n_resamples = (WORK / n_gaps).clamp(RESAMPLES_LEAST, RESAMPLES);
    let mut numbers = Numbers(SEED);
    let mut ratios: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(n_resamples));
    for _ in 0..n_resamples {
        let weights = resample(baseline, n_launches, &mut numbers);
        let [base, other] = [&arms[0], &arms[1]].map(|arm| arm.percentiles(&weights, quantiles));
        let (Some(base), Some(other)) = (base, other) else {
            continue;
        };
        for (ratios, (base, other)) in ratios.iter_mut().zip(base.into_iter().zip(other)) {
            ratios.push(other as f64 / base.max(1) as f64);
        }
    }
    let ends = ratios.map(|mut ratios| {
        ratios.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * ratios.len() as f64) as usize;
            ratios
                .get(place.min(ratios.len().saturating_sub(1)))
                .copied()
        };
        Some((at(0.025)?, at(0.975)?))
    });
    let mut all = [(0.0, 0.0); N];
    for (place, ends) in all.iter_mut().zip(ends) {
        *place = ends?;
    }
    Some(all)
}

/// How often each request was drawn: as many launches as there are, and in each
/// as many requests as it has, all with replacement.
fn resample(gaps: &Gaps, n_launches: usize, numbers: &mut Numbers) -> Vec<u64> {
    let starts: Vec<usize> = gaps
        .iter()
        .scan(0, |start, launch| {
            let here = *start;
            *start += launch.len();
            Some(here)
        })
        .collect();
    let mut weights = vec![0; gaps.iter().map(Vec::len).sum()];
    for _ in 0..n_launches {
        let launch = numbers.below(n_launches);
        let n_requests = gaps[launch].len();
        for _ in 0..n_requests {
            weights[starts[launch] + numbers.below(n_requests)] += 1;
        }
    }
    weights
}

impl Pooled {
    fn of(gaps: &Gaps) -> Self {
        let requests = || gaps.iter().flatten();
        let mut sorted: Vec<(u64, u32)> = (0..)
            .zip(requests())
            .flat_map(|(request, gaps)| gaps.iter().map(move |gap| (*gap, request)))
            .collect();
        sorted.sort_unstable();
        Self {
            sorted,
            lengths: requests().map(|gaps| gaps.len() as u64).collect(),
        }
    }

    /// The percentiles by nearest rank, each request counted as often as drawn.
    fn percentiles<const N: usize>(
        &self,
        weights: &[u64],
        quantiles: [f64; N],
    ) -> Option<[u64; N]> {
        let weight = |request: u32| weights.get(request as usize).copied().unwrap_or(0);
        let n: u64 = (0..)
            .zip(&self.lengths)
            .map(|(request, length)| weight(request) * length)
            .sum();
        let mut ranks = quantiles
            .map(|quantile| ((quantile * n as f64).ceil() as u64).clamp(1, n.max(1)))
            .into_iter()
            .enumerate()
            .peekable();
        let mut found = [0; N];
        let mut so_far = 0;
        for (gap, request) in &self.sorted {
            so_far += weight(*request);
            while let Some((place, _)) = ranks.next_if(|(_, rank)| so_far >= *rank) {
                found[place] = *gap;
            }
        }
        ranks.peek().is_none().then_some(found)
    }
}

/// Numbers that look random, the same on every machine (SplitMix64).
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of 0 to `n` - 1.
    pub(super) fn below(&mut self, n: usize) -> usize {
        // The high half of the product: even to one in 2^64 / n.
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

    /// Launches of two requests of `n` gaps each, around a mean of each launch.
    fn gaps(launches: &[u64], n: u64) -> Gaps {
        let request = |mean: u64| (0..n).map(|i| mean + i % 7 * 1_000).collect();
        let launch = |mean: &u64| vec![request(*mean), request(*mean + 500)];
        launches.iter().map(launch).collect()
    }

    #[test]
    fn the_same_gaps_have_no_spread() {
        let one = gaps(&[1_000_000, 1_020_000, 990_000], 127);
        let found = percentile_ratios(&one, &one, QUANTILES);
        assert_eq!(found, Some([(1.0, 1.0); 3]));
    }

    #[test]
    fn a_ratio_between_launches_is_between_its_ends() {
        let base = gaps(&[1_000_000; 4], 127);
        let other = gaps(&[1_500_000, 1_520_000, 1_480_000, 1_510_000], 127);
        let [(low, high), ..] = percentile_ratios(&base, &other, QUANTILES).expect("four launches");
        assert!(low < 1.5 && 1.5 < high, "{low} to {high}");
        assert!(low > 1.47 && high < 1.53, "{low} to {high}");
        let again = percentile_ratios(&base, &other, QUANTILES).expect("four launches");
        assert_eq!(again[0], (low, high), "the same every time");
    }

    #[test]
    fn one_launch_and_no_gaps_have_no_interval() {
        let one = gaps(&[1_000_000], 127);
        assert_eq!(percentile_ratios(&one, &one, QUANTILES), None);
        let none = vec![vec![Vec::new()]; 3];
        assert_eq!(percentile_ratios(&none, &none, QUANTILES), None);
    }

    proptest! {
        #[test]
        fn drawn_once_each_they_are_plain_percentiles(
            mut values in prop::collection::vec(1u64..1_000_000, 1..300), quantile in 0.01f64..1.0,
        ) {
            let pooled = Pooled::of(&vec![values.iter().map(|gap| vec![*gap]).collect()]);
            let found = pooled.percentiles(&vec![1; values.len()], [quantile]);
            values.sort_unstable();
            let rank = (quantile * values.len() as f64).ceil() as usize;
            prop_assert_eq!(found, Some([values[rank - 1]]));
        }

        #[test]
        fn every_resample_draws_as_many_requests(n_launches in 1usize..9, seed: u64) {
            let gaps = gaps(&vec![10; n_launches], 1);
            let weights = resample(&gaps, n_launches, &mut Numbers(seed));
            prop_assert_eq!(weights.iter().sum::<u64>(), 2 * n_launches as u64);
        }
    }
}
