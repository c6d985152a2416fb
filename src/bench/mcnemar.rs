//! Whether one of two models answers the same questions right more often.

/// McNemar's exact test (Q. McNemar 1947, Psychometrika 12:153-157): of the
/// questions that exactly one of both answered right, each falls to either with
/// probability 1/2 if both are equally good. Two-sided p, twice the binomial
/// tail, at most 1; none where no question tells them apart.
pub fn mcnemar(n_only_baseline: u32, n_only_variant: u32) -> Option<f64> {
    let n = u64::from(n_only_baseline) + u64::from(n_only_variant);
    if n == 0 {
        return None;
    }
    let fewer = u64::from(n_only_baseline.min(n_only_variant));
    // Terms of the tail by logarithms: 0.5^n alone is 0 for more than 1074.
    let mut ln_term = n as f64 * 0.5_f64.ln();
    let mut tail = ln_term.exp();
    for k in 1..=fewer {
        ln_term += ((n - k + 1) as f64 / k as f64).ln();
        tail += ln_term.exp();
    }
    Some((2.0 * tail).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_test_is_scipys() {
        // scipy.stats.binomtest(min(b, c), b + c, 0.5).pvalue
        for (b, c, p) in [
            (1, 6, 0.125),
            (0, 5, 0.0625),
            (10, 20, 0.098_737_15),
            (5, 5, 1.0),
            (1, 0, 1.0),
        ] {
            let found = mcnemar(b, c).unwrap();
            assert!((found - p).abs() < 1e-7, "{b}, {c}: {found}");
        }
        assert_eq!(mcnemar(0, 0), None);
        assert!(mcnemar(1000, 2000).unwrap() < 1e-60);
    }

    proptest! {
        #[test]
        fn it_takes_no_side(b in 0_u32..3000, c in 0_u32..3000) {
            prop_assume!(b + c > 0);
            let p = mcnemar(b, c).unwrap();
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert_eq!(mcnemar(c, b), Some(p));
        }
    }
}
