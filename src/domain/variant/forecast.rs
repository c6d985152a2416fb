//! What recipes would make of a model, before they do.

use serde::{Deserialize, Serialize};

use crate::domain::pruning::{KnownOrder, PruningForecast};
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
    /// Bytes that making it takes beside its file, which are given back: of what it is
    /// pruned from and by.
    #[serde(default)]
    pub meanwhile_bytes: u64,
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
    /// One for each recipe asked for, in order; while some are not known yet, of those that
    /// are.
    pub variants: Vec<VariantForecast>,
    /// Why the others are not known yet, in a sentence; none: all are.
    #[serde(default)]
    pub not_yet: Option<String>,
    /// Bytes that are free where variants are kept; none: the system does not say.
    pub free_bytes: Option<u64>,
}

impl VariantForecasts {
    /// Bytes that all of these files take.
    pub fn lasting_bytes(&self) -> u64 {
        self.variants.iter().map(|one| one.size_bytes).sum()
    }

    /// Bytes that making them takes beside that at most: they are made one after the other.
    pub fn meanwhile_bytes(&self) -> u64 {
        let meanwhile = self.variants.iter().map(|one| one.meanwhile_bytes);
        meanwhile.max().unwrap_or(0)
    }

    /// How much is known of the orders in which these recipes remove blocks, in their
    /// order; none: nothing is searched for, or nothing was said of the recipe.
    pub fn orders(&self, recipes: &[Recipe]) -> Vec<Option<KnownOrder>> {
        let order = |recipe: &Recipe| {
            let said = self.variants.iter().find(|one| one.recipe == *recipe)?;
            said.pruning?.order
        };
        recipes.iter().map(order).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn orders_are_those_of_the_recipes() {
        let depth = json!({"prune": {"ratio": 0.3, "method": "depth"}});
        let width = json!({"prune": {"ratio": 0.3}});
        let quantized = json!({"quantize": {"level": "q8_0"}});
        let pruning = |order| {
            json!({
                "achieved_pruning_ratio": 0.3, "params_before": 10, "params_after": 7,
                "bytes_before": 20, "bytes_after": 14, "n_blocks_before": 30,
                "n_blocks_after": 21, "n_ff_before": 9, "n_ff_after": 9, "n_heads_removed": 0,
                "is_settled": true, "memory_bytes": 0, "order": order,
            })
        };
        let one = |recipe, pruning| {
            json!({
                "recipe": recipe, "size_bytes": 14, "bits_per_weight": null,
                "pruning": pruning, "warnings": [],
            })
        };
        let known = json!({"n_known": 3, "n_wanted": 9});
        let forecasts: VariantForecasts = serde_json::from_value(json!({
            "variants": [
                one(&quantized, json!(null)), one(&width, pruning(json!(null))),
                one(&depth, pruning(known)),
            ],
            "free_bytes": null,
        }))
        .expect("forecasts");
        let quick = json!({"prune": {"ratio": 0.3, "method": "depth", "quick": true}});
        let recipes = [depth, quick, width, quantized];
        let recipes =
            recipes.map(|recipe| serde_json::from_value::<Recipe>(recipe).expect("a recipe"));
        let order = KnownOrder {
            n_known: 3,
            n_wanted: 9,
        };
        let right = [Some(order), None, None, None];
        assert_eq!(
            forecasts.orders(&recipes),
            right,
            "of a quick one nothing was said"
        );
    }
}
