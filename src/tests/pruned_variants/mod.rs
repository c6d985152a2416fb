//! Pruned variants of the tiny model, made by real workers.

mod broken;
mod compared;
mod exports;
mod failures;
mod forecast;
mod known;
mod made;
mod not_refitted;
mod once;
mod played;
mod refused;
mod stages;
mod upcast;

use whittle::bench::{Making, Variant};
use whittle::domain::pruning::PruningReport;
use whittle::domain::recipe::Recipe;

use crate::shop::record;

const WIDTH: &str = r#"{"prune": {"ratio": 0.3}}"#;
const DEPTH: &str = r#"{"prune": {"ratio": 0.5, "method": "depth"}}"#;
const THEN_Q8_0: &str = r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q8_0"}}"#;

fn recipe(json: &str) -> Recipe {
    serde_json::from_str(json).expect("a recipe")
}

fn report(variant: &Variant) -> &PruningReport {
    record(variant).pruning.as_ref().expect("a report")
}

fn is_pruning(making: &Making) -> bool {
    matches!(making, Making::Pruning(_))
}
