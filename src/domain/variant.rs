//! What would become of a model, said before it is made.

use serde::{Deserialize, Serialize};

use super::recipe::Quantize;

/// What a recipe would make of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantForecast {
    /// What would be done.
    pub quantize: Quantize,
    /// Bytes that its file would have, to within a kilobyte.
    pub size_bytes: u64,
    /// Bits of the file per parameter.
    pub bits_per_weight: Option<f64>,
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
