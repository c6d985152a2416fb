//! Changes paired by launch, and the noise of a model against itself.

use super::statistics::{figure, t_quantile};
use crate::domain::compare::{Change, Quantity};

/// The change that launch pairs show: the mean of ln(variant / baseline) over
/// them with its 95 % interval (Student t, n - 1), turned back into a ratio.
/// None without pairs.
pub(super) fn change(quantity: Quantity, log_ratios: &[f64]) -> Option<Change> {
    let mean = figure(log_ratios, log_ratios.len())?;
    let percent = |ln: f64| quantity.improvement_percent(ln.exp());
    let ends = mean.half_width_95.map(|half| {
        let ends = [mean.mean - half, mean.mean + half].map(percent);
        (ends[0].min(ends[1]), ends[0].max(ends[1]))
    });
    let change = Change {
        ratio: mean.mean.exp(),
        improvement_percent: percent(mean.mean),
        low_percent: ends.map(|ends| ends.0),
        high_percent: ends.map(|ends| ends.1),
        n_launches: mean.n_launches,
    };
    is_finite(&change).then_some(change)
}

/// The change of what is exact.
pub(super) fn exact(quantity: Quantity, baseline: f64, variant: f64) -> Option<Change> {
    let ratio = variant / baseline;
    let change = Change {
        ratio,
        improvement_percent: quantity.improvement_percent(ratio),
        low_percent: None,
        high_percent: None,
        n_launches: 0,
    };
    is_finite(&change).then_some(change)
}

/// Nothing else may reach a reader.
pub(super) fn is_finite(change: &Change) -> bool {
    let ends = [change.low_percent, change.high_percent];
    let values = [change.ratio, change.improvement_percent];
    values
        .iter()
        .chain(ends.iter().flatten())
        .all(|v| v.is_finite())
}

/// Half of the range in which 95 % of the changes of one launch pair lie when a
/// model is measured against itself: t(0.975, n) x sqrt(sum of squares / n). The
/// true change is 0, so that the squares are taken from there and each pair is a
/// degree of freedom. None without pairs.
pub(super) fn half_range(log_ratios: &[f64]) -> Option<f64> {
    let n = log_ratios.len();
    if n == 0 {
        return None;
    }
    let squares: f64 = log_ratios.iter().map(|ln| ln * ln).sum();
    let half = t_quantile(n)? * (squares / n as f64).sqrt();
    half.is_finite().then_some(half)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_interval_is_students_on_logarithms() {
        // numpy.exp(scipy.stats.t.interval(0.95, 2, loc=-0.2, scale=0.1/3**0.5))
        // = 0.638640, 1.049605; the middle 0.818731.
        let found = change(Quantity::ResponseTime, &[-0.1, -0.2, -0.3]).unwrap();
        assert!((found.ratio - 0.818_731).abs() < 1e-6, "{found:?}");
        assert!((found.improvement_percent - 18.126_9).abs() < 1e-4);
        assert!(
            (found.low_percent.unwrap() + 4.960_5).abs() < 1e-3,
            "{found:?}"
        );
        assert!((found.high_percent.unwrap() - 36.136_0).abs() < 1e-3);
        assert_eq!(found.n_launches, 3);
        // The same of a quantity of which more is better.
        let found = change(Quantity::TokensPerSecond, &[0.1, 0.2, 0.3]).unwrap();
        assert!((found.improvement_percent - 22.140_3).abs() < 1e-4);
        assert!(
            (found.low_percent.unwrap() + 4.726_0).abs() < 1e-3,
            "{found:?}"
        );
    }

    #[test]
    fn one_pair_has_no_interval_and_none_no_change() {
        let found = change(Quantity::Memory, &[0.0]).unwrap();
        assert_eq!((found.low_percent, found.high_percent), (None, None));
        assert_eq!(change(Quantity::Memory, &[]), None);
        assert_eq!(change(Quantity::Memory, &[f64::NAN]), None);
        assert_eq!(change(Quantity::Memory, &[1e5]), None, "exp overflows");
    }

    #[test]
    fn a_size_is_exact() {
        let found = exact(Quantity::ModelSize, 271.0, 91.7).unwrap();
        assert!((found.improvement_percent - 66.162_4).abs() < 1e-4);
        assert_eq!(found.low_percent, None);
        assert_eq!(exact(Quantity::ModelSize, 0.0, 1.0), None);
    }

    #[test]
    fn the_range_of_one_pair_is_students_around_nothing() {
        // scipy.stats.t.ppf(0.975, 10) = 2.228139
        let half = half_range(&[0.02; 10]).unwrap();
        assert!((half - 0.02 * 2.228_139).abs() < 1e-6, "{half}");
        assert_eq!(half_range(&[]), None);
    }

    proptest! {
        #[test]
        fn a_change_lies_within_its_interval(
            logs in prop::collection::vec(-3.0f64..3.0, 2..40), higher: bool,
        ) {
            let quantity = if higher { Quantity::TokensPerSecond } else { Quantity::Memory };
            if let Some(found) = change(quantity, &logs) {
                let (low, high) = (found.low_percent.unwrap(), found.high_percent.unwrap());
                prop_assert!(low <= found.improvement_percent);
                prop_assert!(found.improvement_percent <= high);
                let is_better = (found.ratio > 1.0) == higher;
                prop_assert!(is_better == (found.improvement_percent > 0.0) || found.ratio == 1.0);
            }
        }

        #[test]
        fn the_other_way_round_the_ratio_is_inverse(
            logs in prop::collection::vec(-1.0f64..1.0, 1..40),
        ) {
            let back: Vec<f64> = logs.iter().map(|ln| -ln).collect();
            let there = change(Quantity::Memory, &logs).unwrap().ratio;
            let back = change(Quantity::Memory, &back).unwrap().ratio;
            prop_assert!((there * back - 1.0).abs() < 1e-9);
        }
    }
}
