//! Percentiles, as llama.cpp's perplexity tool interpolates them.

/// The value at `share` (0 to 1) of sorted values: linear between the two
/// around share x (n - 1). NaN without values.
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = (place as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    low + (place - below as f64) * (high - low)
}

/// Sorted, without NaN.
pub(super) fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_are_numpys() {
        // numpy.percentile([1, 2, 4, 8], [0, 50, 90, 100]) = [1, 3, 6.8, 8]
        let values = sorted([8.0, 1.0, 4.0, 2.0]);
        for (share, right) in [(0.0, 1.0), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0)] {
            assert!((percentile(&values, share) - right).abs() < 1e-12);
        }
        assert_eq!(percentile(&[7.0], 0.5), 7.0);
        assert!(percentile(&[], 0.5).is_nan());
    }

    proptest! {
        #[test]
        fn percentiles_grow_with_their_share(
            values in prop::collection::vec(0.0_f64..1e6, 1..100),
            (a, b) in (0.0_f64..=1.0, 0.0_f64..=1.0),
        ) {
            let values = sorted(values);
            let (low, high) = (percentile(&values, a.min(b)), percentile(&values, a.max(b)));
            prop_assert!(low <= high + 1e-9);
            prop_assert!(values[0] <= low && high <= values[values.len() - 1] + 1e-9);
        }
    }
}
