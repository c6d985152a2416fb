//! How far making a variant has come.

use serde::{Deserialize, Serialize};

use crate::domain::pruning::CurvePoint;

/// Making a variant under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MakingLive {
    /// What is done now.
    pub step: MakingStep,
    /// What of it is behind, in its own units: layers, tries, tensors, chunks.
    pub done: u32,
    /// In all, as far as is known.
    pub of: u32,
    /// What a search has removed so far, and what that cost, in order; empty
    /// where none is made.
    pub curve: Vec<CurvePoint>,
}

/// What making a variant consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MakingStep {
    /// A quantized base is written as F16, to be pruned as that.
    Upcasting,
    /// The calibration text goes through the layers, each of which is then cut.
    Calibrating,
    /// All blocks are loaded, and the text goes through them.
    ReadingWhole,
    /// It is tried what removals cost.
    Searching,
    /// What removals cost is known from an earlier search.
    KnownOrder,
    /// Mixtures of blocks and neurons are compared.
    Comparing,
    /// The pruned file is written.
    Writing,
    /// The file is loaded, answers, and reads text that it was not made by.
    Checking,
    /// An importance matrix is collected.
    CollectingImatrix,
    /// Tensors are quantized.
    Quantizing,
    /// The file is read once more, for its hash.
    Hashing,
}

impl MakingStep {
    /// The words shown to people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Upcasting => "upcasting to F16",
            Self::Calibrating => "calibrating and cutting",
            Self::ReadingWhole => "loading and reading with the whole model",
            Self::Searching => "searching",
            Self::KnownOrder => "order of blocks known from an earlier search",
            Self::Comparing => "comparing mixtures of blocks and neurons",
            Self::Writing => "writing the pruned file",
            Self::Checking => "checking",
            Self::CollectingImatrix => "collecting the importance matrix",
            Self::Quantizing => "quantizing",
            Self::Hashing => "reading the file for its hash",
        }
    }

    /// What of it is counted; none: nothing.
    fn unit(self) -> Option<&'static str> {
        match self {
            Self::Calibrating => Some("layer"),
            Self::Searching => Some("try"),
            Self::Comparing => Some("mixture"),
            Self::Checking | Self::CollectingImatrix => Some("chunk"),
            Self::Upcasting | Self::Writing | Self::Quantizing => Some("tensor"),
            // Each block counts twice.
            Self::ReadingWhole | Self::KnownOrder | Self::Hashing => None,
        }
    }
}

impl MakingLive {
    /// How far the step has come: `layer 3 of 30`.
    pub fn count(&self) -> Option<String> {
        let unit = self.step.unit()?;
        (self.of > 0).then(|| format!("{unit} {} of {}", self.done.max(1), self.of))
    }
}
