//! How much is to be pruned.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The share of the transformer blocks' matrix weights to remove (embeddings,
/// norms and output head excluded): 0.1 to 0.5, in ten-thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(try_from = "f64", into = "f64")]
pub struct PruningRatio(u16);

/// Why a number is no ratio.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "the pruning ratio {0} is not possible; it is the share of the blocks' weights to remove, 0.1 to 0.5"
)]
pub struct BadRatio(pub f64);

impl PruningRatio {
    /// What is asked for where nothing is said, and what guides' claims are made
    /// for.
    pub const USUAL: Self = Self(3_000);
    /// The steps of a choice by hand, %.
    pub const STEP_PERCENT: u16 = 5;
    /// The smallest and the largest.
    pub const RANGE: std::ops::RangeInclusive<f64> = 0.1..=0.5;

    /// As a share, 0.1 to 0.5.
    pub fn share(self) -> f64 {
        f64::from(self.0) / 1e4
    }

    /// As a percentage, 10 to 50.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1e2
    }
}

impl TryFrom<f64> for PruningRatio {
    type Error = BadRatio;

    fn try_from(share: f64) -> Result<Self, BadRatio> {
        match Self::RANGE.contains(&share) {
            true => Ok(Self((share * 1e4).round() as u16)),
            false => Err(BadRatio(share)),
        }
    }
}

impl From<PruningRatio> for f64 {
    fn from(ratio: PruningRatio) -> Self {
        ratio.share()
    }
}

impl fmt::Display for PruningRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pruning::{Prune, PruningMethod};

    #[test]
    fn a_ratio_is_between_a_tenth_and_a_half() {
        for (share, words) in [
            (0.1, "10 %"),
            (0.25, "25 %"),
            (0.333, "33.3 %"),
            (0.5, "50 %"),
        ] {
            let ratio = PruningRatio::try_from(share).expect("a ratio");
            assert_eq!((ratio.share(), ratio.to_string().as_str()), (share, words));
        }
        for share in [0.0, 0.0999, 0.5001, -0.3, f64::NAN, f64::INFINITY] {
            assert!(PruningRatio::try_from(share).is_err(), "{share}");
        }
        assert!(serde_json::from_str::<Prune>(r#"{"ratio": 0.6}"#).is_err());
        let width = serde_json::from_str::<Prune>(r#"{"ratio": 0.3}"#).expect("valid");
        let ratio = PruningRatio::try_from(0.3).expect("a ratio");
        assert_eq!(width, Prune::new(PruningMethod::Width, ratio));
    }
}
