//! What recipes would make of a model, before they do.

use serde::{Deserialize, Serialize};

use crate::domain::pruning::PruningForecast;
use crate::domain::recipe::Recipe;

/// What a recipe would make of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantForecast {
    /// What would be done.
    pub recipe: Recipe,
    /// Bytes that its file would have: to the byte where it is pruned by width,
    /// to within a kilobyte where it is quantized, about where it is both.
    pub size_bytes: u64,
    /// Bits of the file per parameter that is left.
    pub bits_per_weight: Option<f64>,
    /// What pruning would remove; none: it is not pruned.
    pub pruning: Option<PruningForecast>,
    /// What its user must know beforehand, one sentence each.
    pub warnings: Vec<String>,
}

/// What recipes would make of a model, and the room for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantForecasts {
    /// One for each recipe asked for, in order.
    pub variants: Vec<VariantForecast>,
    /// Bytes that are free where variants are kept; none: the system does not say.
    pub free_bytes: Option<u64>,
}
