//! How many tokens the requests of a run generated.

use serde::{Deserialize, Serialize};

use crate::domain::units;

/// Tokens that the requests of a run generated, whatever ended them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TokensGenerated {
    /// Mean over all requests.
    pub mean: f64,
    /// Of the shortest.
    pub least: u32,
    /// Of the longest.
    pub most: u32,
}

impl TokensGenerated {
    /// How much a request generated: `41.5 tokens on average`.
    pub fn in_words(&self) -> String {
        match self.least == self.most {
            true => units::plural(self.most.into(), "token", "tokens"),
            false => format!("{:.1} tokens on average", self.mean),
        }
    }

    /// Of requests that generated so many; none without requests.
    pub fn of(counts: &[u32]) -> Option<Self> {
        let sum: f64 = counts.iter().map(|n| f64::from(*n)).sum();
        Some(Self {
            least: *counts.iter().min()?,
            most: *counts.iter().max()?,
            mean: sum / counts.len() as f64,
        })
    }
}
