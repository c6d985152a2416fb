//! What pruning is asked for, and what it did.

mod block_search;
mod breadth;
mod check;
mod chosen_on;
mod cut;
mod forecast;
mod known_order;
mod method;
mod progress;
mod prune;
mod ratio;
mod wish;

use serde::{Deserialize, Serialize};

pub use block_search::BlockSearch;
pub use breadth::Breadth;
pub use check::{CHECK_CHUNKS, PruningCheck};
pub use cut::{LayerCut, PruningCut};
pub use forecast::PruningForecast;
pub use known_order::KnownOrder;
pub use method::{PruningMethod, UnknownMethod};
pub use progress::{CurvePoint, PruningProgress};
pub use prune::{
    CALIBRATION_CHUNKS, CALIBRATION_CHUNKS_QUICK, Prune, SEARCH_CHUNKS, SEARCH_CHUNKS_QUICK,
};
pub use ratio::{BadRatio, PruningRatio};
pub use wish::Wish;

use super::units;

/// What pruning a model removed, and what that cost on text that it was not
/// chosen by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningReport {
    /// What is gone.
    pub cut: PruningCut,
    /// The check of the written file.
    pub check: PruningCheck,
}

impl PruningReport {
    /// `29.8 % of the blocks' weights removed, perplexity × 1.55 when checked`.
    pub fn in_words(&self) -> String {
        format!(
            "{:.1} % of the blocks' weights removed, perplexity × {} when checked",
            self.cut.achieved_pruning_ratio * 100.0,
            units::number(self.check.ratio())
        )
    }
}
