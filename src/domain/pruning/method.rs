//! What pruning removes, and how that is chosen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is removed, and how it is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum PruningMethod {
    /// Neurons of every feed-forward network, by the optimal brain surgeon's
    /// score, and from 45 % on groups of attention heads; what remains is refitted.
    #[default]
    Width,
    /// Whole blocks, greedily by measured loss; where no number of them is within a point
    /// of the ratio, as many as fit below, and the rest as neurons of the others.
    Depth,
    /// Both kinds, where they cost the least ln(perplexity / the model's) for each weight
    /// that goes, as measured on held-out chunks of the calibration text.
    Auto,
}

/// A word that is no method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no pruning method; the methods are width, depth and auto")]
pub struct UnknownMethod(pub String);

impl PruningMethod {
    /// All of them, the default first.
    pub const ALL: [Self; 3] = [Self::Width, Self::Depth, Self::Auto];

    /// As requests write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Width => "width",
            Self::Depth => "depth",
            Self::Auto => "auto",
        }
    }

    /// Whether it is searched for the blocks that go.
    pub fn searches(self) -> bool {
        match self {
            Self::Width => false,
            Self::Depth | Self::Auto => true,
        }
    }
}

impl FromStr for PruningMethod {
    type Err = UnknownMethod;

    fn from_str(word: &str) -> Result<Self, UnknownMethod> {
        let named = |method: &Self| method.word() == word;
        let found = Self::ALL.into_iter().find(named);
        found.ok_or_else(|| UnknownMethod(word.to_owned()))
    }
}

impl fmt::Display for PruningMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_as_they_are_written() {
        for method in PruningMethod::ALL {
            assert_eq!(method.to_string().parse(), Ok(method));
        }
        assert!("wide".parse::<PruningMethod>().is_err());
    }
}
