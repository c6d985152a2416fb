//! How much a pruned model may lose while blocks are being removed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest perplexity over the base's that a search for blocks may reach, on
/// the calibration text and before what stays is repaired: 1.01 to 10, in
/// thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(try_from = "f64", into = "f64")]
pub struct LossBudget(u16);

/// Why a number is no budget.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "the loss budget {0} is not possible; it is the largest perplexity over the base's, 1.01 to 10"
)]
pub struct BadBudget(pub f64);

impl LossBudget {
    /// The smallest and the largest: a model that lost more is broken.
    pub const RANGE: std::ops::RangeInclusive<f64> = 1.01..=10.0;

    /// The perplexity over the base's.
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / 1e3
    }
}

impl TryFrom<f64> for LossBudget {
    type Error = BadBudget;

    fn try_from(ratio: f64) -> Result<Self, BadBudget> {
        match Self::RANGE.contains(&ratio) {
            true => Ok(Self((ratio * 1e3).round() as u16)),
            false => Err(BadBudget(ratio)),
        }
    }
}

impl From<LossBudget> for f64 {
    fn from(budget: LossBudget) -> Self {
        budget.ratio()
    }
}

impl fmt::Display for LossBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "× {}", self.ratio())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_ratio_that_is_no_ruin() {
        for (ratio, words) in [(1.01, "× 1.01"), (1.5, "× 1.5"), (10.0, "× 10")] {
            let budget = LossBudget::try_from(ratio).expect("a budget");
            assert_eq!(
                (budget.ratio(), budget.to_string().as_str()),
                (ratio, words)
            );
        }
        for ratio in [1.0, 0.5, 10.1, f64::NAN, f64::INFINITY] {
            assert!(LossBudget::try_from(ratio).is_err(), "{ratio}");
        }
    }
}
