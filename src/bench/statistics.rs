//! Means with intervals, percentiles with floors, histograms. Definitions are
//! those that the interface prints beside the figures.

use hdrhistogram::Histogram;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::domain::benchmark::RightAnswers;
use crate::domain::latency::{FLOORS, HistogramBin, Percentiles};
use crate::domain::metrics::Figure;

/// Bars of the latency histogram below the 99th percentile; one more holds the
/// tail, which would flatten the rest.
const BARS: u64 = 24;

/// The mean of the launch values with its 95 % interval: mean ± t(0.975, n-1)
/// x s / sqrt(n), n launches. `n_samples` single measurements stand behind it.
/// None without launches.
pub(super) fn figure(launch_values: &[f64], n_samples: usize) -> Option<Figure> {
    let n = launch_values.len();
    if n == 0 {
        return None;
    }
    let mean = launch_values.iter().sum::<f64>() / n as f64;
    let stddev = (n >= 2).then(|| {
        let squares: f64 = launch_values.iter().map(|v| (v - mean).powi(2)).sum();
        (squares / (n - 1) as f64).sqrt()
    });
    let half_width_95 = stddev.and_then(|s| Some(t_quantile(n - 1)? * s / (n as f64).sqrt()));
    Some(Figure {
        mean,
        half_width_95,
        stddev,
        n_launches: u32::try_from(n).unwrap_or(u32::MAX),
        n_samples: u32::try_from(n_samples).unwrap_or(u32::MAX),
    })
    .filter(|figure| figure.mean.is_finite())
}

/// The mean of the middle half of the values: a quarter of them, rounded down, is
/// left out at both ends. None without values.
pub(super) fn interquartile_mean(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n_out = sorted.len() / 4;
    let middle = &sorted[n_out..sorted.len() - n_out];
    (!middle.is_empty()).then(|| middle.iter().sum::<f64>() / middle.len() as f64)
}

/// The 97.5 % quantile of Student's t with `freedom` degrees of freedom.
pub(super) fn t_quantile(freedom: usize) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, freedom as f64).ok()?;
    Some(t.inverse_cdf(0.975))
}

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A share with its 95 % interval: Wilson's score interval without continuity
/// correction, which holds for few trials and for shares of 0 and 1 (E. B.
/// Wilson 1927, "Probable inference, the law of succession, and statistical
/// inference", JASA 22:209-212; advised by Brown, Cai and DasGupta 2001):
/// (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n). None without trials.
pub(super) fn wilson(n_right: u32, n_judged: u32) -> Option<RightAnswers> {
    if n_judged == 0 {
        return None;
    }
    let n = f64::from(n_judged);
    let share = f64::from(n_right) / n;
    let scale = 1.0 + Z * Z / n;
    let middle = (share + Z * Z / (2.0 * n)) / scale;
    let half_width = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
    // Rounding must not leave the share outside of its own interval.
    Some(RightAnswers {
        n_right,
        n_judged,
        share,
        low: (middle - half_width).clamp(0.0, share),
        high: (middle + half_width).clamp(share, 1.0),
    })
}

/// Durations in an HDR histogram: three significant digits from 1 ns on.
pub(super) struct Latencies(Histogram<u64>);

impl Latencies {
    /// Takes durations in nanoseconds.
    pub(super) fn of(durations_ns: impl IntoIterator<Item = u64>) -> Self {
        let mut histogram = Histogram::new(3).expect("three digits are within 0 to 5");
        for duration in durations_ns {
            // Resizes by itself; the only error is a value beyond u64.
            let _ = histogram.record(duration);
        }
        Self(histogram)
    }

    /// Percentiles in ms, each only where the sample can carry it.
    pub(super) fn percentiles(&self) -> Percentiles {
        let n = self.0.len();
        let at = |quantile, floor| {
            (n >= floor).then(|| milliseconds(self.0.value_at_quantile(quantile)))
        };
        Percentiles {
            p50: at(0.50, FLOORS.p50),
            p95: at(0.95, FLOORS.p95),
            p99: at(0.99, FLOORS.p99),
            n,
            needs: FLOORS,
        }
    }

    /// The value at a quantile, 0 to 1, ms, however few samples there are.
    pub(super) fn at(&self, quantile: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| milliseconds(self.0.value_at_quantile(quantile)))
    }

    /// The distribution: bars of equal width up to the 99th percentile, and a
    /// last one for the tail. Empty without samples.
    pub(super) fn bins(&self) -> Vec<HistogramBin> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let least = self.0.min();
        let knee = self.0.value_at_quantile(0.99).max(least + BARS);
        let width = (knee - least).div_ceil(BARS);
        let mut bins: Vec<HistogramBin> = (0..BARS)
            .map(|i| HistogramBin {
                from_ms: milliseconds(least + i * width),
                to_ms: milliseconds(least + (i + 1) * width),
                count: 0,
            })
            .collect();
        let mut tail = 0;
        // Value by value: ranges that cut through a cell of the histogram
        // would count its samples on both sides.
        for cell in self.0.iter_recorded() {
            let value = self.0.lowest_equivalent(cell.value_iterated_to());
            let bin = usize::try_from(value.saturating_sub(least) / width).unwrap_or(usize::MAX);
            match bins.get_mut(bin) {
                Some(bin) => bin.count += cell.count_at_value(),
                None => tail += cell.count_at_value(),
            }
        }
        if tail > 0 {
            bins.push(HistogramBin {
                from_ms: milliseconds(least + BARS * width),
                to_ms: milliseconds(self.0.max()),
                count: tail,
            });
        }
        bins
    }
}

fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_interval_is_students() {
        // scipy.stats.t.interval(0.95, 2, loc=2, scale=1/3**0.5) = 2 ± 2.484138
        let figure = figure(&[1.0, 2.0, 3.0], 6).unwrap();
        assert_eq!(
            (figure.mean, figure.n_launches, figure.n_samples),
            (2.0, 3, 6)
        );
        assert_eq!(figure.stddev, Some(1.0));
        assert!((figure.half_width_95.unwrap() - 2.484_138).abs() < 1e-5);
    }

    #[test]
    fn one_launch_has_no_interval() {
        let figure = figure(&[1.5], 2).unwrap();
        assert_eq!((figure.half_width_95, figure.stddev), (None, None));
    }

    #[test]
    fn nothing_measured_is_no_figure() {
        assert_eq!(figure(&[], 0), None);
        assert_eq!(figure(&[f64::NAN], 1), None);
    }

    #[test]
    fn the_middle_half_leaves_a_quarter_out_at_both_ends() {
        let mean = |values: &[f64]| interquartile_mean(values);
        assert_eq!(
            mean(&[9.0, 1.0, 2.0, -50.0, 3.0, 4.0, 5.0, 90.0]),
            Some(3.5)
        );
        assert_eq!(
            mean(&[3.0, 1.0, 5.0]),
            Some(3.0),
            "too few to leave any out"
        );
        assert_eq!(mean(&[]), None);
    }

    #[test]
    fn percentiles_wait_for_their_floors() {
        let with = |n: u64| Latencies::of((1..=n).map(|i| i * 1_000_000)).percentiles();
        assert_eq!((with(10).p50, with(10).n), (None, 10));
        assert_eq!((with(11).p50.is_some(), with(11).p95), (true, None));
        assert_eq!((with(130).p95.is_some(), with(130).p99), (true, None));
        assert!(with(662).p99.is_some());
    }

    #[test]
    fn percentiles_keep_three_digits() {
        let p95 = Latencies::of((1..=1000).map(|i| i * 10_000))
            .percentiles()
            .p95
            .unwrap();
        assert!((p95 - 9.5).abs() < 0.01, "{p95}");
    }

    #[test]
    fn the_interval_of_a_share_is_wilsons() {
        // statsmodels.stats.proportion.proportion_confint(k, n, method="wilson")
        for (n_right, n_judged, low, high) in [
            (8, 10, 0.490_16, 0.943_32),
            (0, 10, 0.0, 0.277_53),
            (10, 10, 0.722_47, 1.0),
            (1, 2, 0.094_53, 0.905_47),
            (1, 1, 0.206_55, 1.0),
        ] {
            let found = wilson(n_right, n_judged).unwrap();
            assert!((found.low - low).abs() < 1e-5, "{found:?}");
            assert!((found.high - high).abs() < 1e-5, "{found:?}");
        }
        assert_eq!(wilson(8, 10).unwrap().share, 0.8);
        assert_eq!(wilson(0, 0), None);
    }

    proptest! {
        #[test]
        fn a_share_lies_within_its_interval(n_judged in 1u32..100_000, part in 0.0f64..=1.0) {
            let n_right = (f64::from(n_judged) * part) as u32;
            let found = wilson(n_right, n_judged).unwrap();
            prop_assert!(0.0 <= found.low && found.low <= found.share);
            prop_assert!(found.share <= found.high && found.high <= 1.0);
        }

        #[test]
        fn every_sample_is_in_one_bin(samples in prop::collection::vec(1u64..1_000_000_000, 1..500)) {
            let n = samples.len() as u64;
            let bins = Latencies::of(samples).bins();
            prop_assert_eq!(bins.iter().map(|bin| bin.count).sum::<u64>(), n);
            prop_assert!(bins.windows(2).all(|pair| pair[0].to_ms <= pair[1].from_ms + 1e-9));
        }

        #[test]
        fn the_mean_lies_within_its_launches(values in prop::collection::vec(0.001f64..1e6, 1..20)) {
            let figure = figure(&values, values.len()).unwrap();
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(0.0, f64::max);
            prop_assert!(figure.mean >= least * (1.0 - 1e-12) && figure.mean <= most * (1.0 + 1e-12));
        }
    }
}
