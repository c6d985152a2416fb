//! McNemar's test: whether two models differ in what they answer right.

use serde::{Deserialize, Serialize};

/// Probability below which a difference counts as real.
const SIGNIFICANT: f64 = 0.05;

/// The answers in which a variant differs from its baseline, with McNemar's exact
/// test of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct McNemar {
    /// Answers that the baseline alone has right.
    pub n_lost: u32,
    /// Answers that the variant alone has right.
    pub n_won: u32,
    /// The exact two-sided probability of so uneven a split, or a more uneven
    /// one, where losing and winning are equally likely; 1 where there are
    /// neither.
    pub p_value: f64,
}

impl McNemar {
    /// Of answers to the same prompts, judged or not: the baseline's first. None
    /// where no prompt was judged for both.
    pub fn of(pairs: impl Iterator<Item = (Option<bool>, Option<bool>)>) -> Option<Self> {
        let (mut n_judged, mut n_lost, mut n_won) = (0, 0, 0);
        for (before, after) in pairs.filter_map(|(before, after)| before.zip(after)) {
            n_judged += 1;
            n_lost += u32::from(before && !after);
            n_won += u32::from(after && !before);
        }
        (n_judged > 0).then(|| Self::between(n_lost, n_won))
    }

    /// Of so many lost and won answers.
    pub fn between(n_lost: u32, n_won: u32) -> Self {
        Self {
            n_lost,
            n_won,
            p_value: p_value(n_lost, n_won),
        }
    }

    /// Whether chance would hardly give such a difference.
    pub fn is_real(&self) -> bool {
        self.p_value < SIGNIFICANT
    }

    /// Whether so many answers could have shown a difference at all: had all of them gone
    /// one way.
    pub fn could_tell(&self) -> bool {
        p_value(0, self.n_lost + self.n_won) < SIGNIFICANT
    }
}

fn p_value(n_lost: u32, n_won: u32) -> f64 {
    let n = n_lost + n_won;
    let mut term = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let mut tail = 0.0;
    for k in 0..=n_lost.min(n_won) {
        tail += term;
        term *= f64::from(n - k) / f64::from(k + 1);
    }
    (2.0 * tail).min(1.0)
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
        let found = McNemar::of(pairs.into_iter()).expect("four are judged");
        assert_eq!((found.n_lost, found.n_won), (2, 1));
        let unjudged = [(None, right), (wrong, None), (None, None)];
        assert_eq!(McNemar::of(unjudged.into_iter()), None);
    }

    #[test]
    fn the_probability_is_that_of_a_fair_coin() {
        let p = |n_lost, n_won| McNemar::between(n_lost, n_won).p_value;
        assert!((p(0, 0) - 1.0).abs() < 1e-12);
        assert!((p(6, 0) - 2.0 / 64.0).abs() < 1e-12);
        assert!((p(1, 5) - 2.0 * 7.0 / 64.0).abs() < 1e-12);
        assert!((p(3, 3) - 1.0).abs() < 1e-12);
        assert!(McNemar::between(6, 0).is_real() && !McNemar::between(5, 0).is_real());
    }

    #[test]
    fn fewer_than_six_answers_that_differ_show_nothing() {
        assert!(McNemar::between(3, 3).could_tell());
        assert!(!McNemar::between(5, 0).could_tell() && !McNemar::between(0, 0).could_tell());
    }
}
