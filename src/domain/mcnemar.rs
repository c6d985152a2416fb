//! McNemar's test: whether two models differ in what they answer right.

/// The answers in which two models differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Disagreement {
    /// Right by the baseline alone.
    pub n_lost: u32,
    /// Right by the variant alone.
    pub n_won: u32,
}

impl Disagreement {
    /// Of answers to the same prompts, judged or not.
    pub fn of(pairs: impl Iterator<Item = (Option<bool>, Option<bool>)>) -> Self {
        let mut found = Self::default();
        for pair in pairs {
            match pair {
                (Some(true), Some(false)) => found.n_lost += 1,
                (Some(false), Some(true)) => found.n_won += 1,
                _ => {}
            }
        }
        found
    }

    /// The exact two-sided probability of so uneven a split, or a more uneven
    /// one, where losing and winning are equally likely.
    pub fn p_value(self) -> f64 {
        let n = self.n_lost + self.n_won;
        let mut term = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
        let mut tail = 0.0;
        for k in 0..=self.n_lost.min(self.n_won) {
            tail += term;
            term *= f64::from(n - k) / f64::from(k + 1);
        }
        (2.0 * tail).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_that_differ_count() {
        let (right, wrong) = (Some(true), Some(false));
        let pairs = [
            (right, right),
            (right, wrong),
            (wrong, right),
            (right, wrong),
            (None, right),
        ];
        let found = Disagreement::of(pairs.into_iter());
        assert_eq!((found.n_lost, found.n_won), (2, 1));
    }

    #[test]
    fn the_probability_is_that_of_a_fair_coin() {
        let p = |n_lost, n_won| Disagreement { n_lost, n_won }.p_value();
        assert!((p(0, 0) - 1.0).abs() < 1e-12);
        assert!((p(6, 0) - 2.0 / 64.0).abs() < 1e-12);
        assert!((p(1, 5) - 2.0 * 7.0 / 64.0).abs() < 1e-12);
        assert!((p(3, 3) - 1.0).abs() < 1e-12);
    }
}
