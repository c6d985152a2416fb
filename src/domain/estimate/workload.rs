//! What a run asks of the engine, as far as time goes.

use std::collections::{HashMap, HashSet};
use std::iter;

use crate::domain::prompt::Prompt;
use crate::domain::pruning::KnownOrder;
use crate::domain::recipe::Recipe;
use crate::domain::run::RunSpec;

/// What a run asks of the engine, as far as time goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Fresh launches.
    pub iterations: u32,
    /// Thrown-away rounds of a launch.
    pub warm_ups: u32,
    /// Tokens to generate for each prompt, at most.
    pub max_tokens: u32,
    /// Tokens of each prompt, in order: a guess until it has been measured.
    pub prompt_tokens: Vec<f64>,
    /// What is made of the baseline; an empty recipe is the baseline once more.
    pub recipes: Vec<Recipe>,
    /// Of each of them, how much is known of the order in which blocks go; none, or not
    /// there: nobody has looked.
    pub orders: Vec<Option<KnownOrder>>,
    /// Chunks of text that each of them reads for quality; 0: it is not measured,
    /// and prompts are not answered for it.
    pub quality_chunks: u32,
}

impl From<&RunSpec> for Workload {
    fn from(spec: &RunSpec) -> Self {
        let rough = |prompt: &Prompt| prompt.rough_tokens() as f64;
        Self {
            iterations: spec.settings.iterations,
            warm_ups: spec.settings.warm_ups,
            max_tokens: spec.settings.max_tokens,
            prompt_tokens: spec.prompts.iter().map(rough).collect(),
            recipes: spec.recipes.clone(),
            orders: Vec::new(),
            quality_chunks: spec.quality.as_ref().map_or(0, |quality| quality.n_chunks),
        }
    }
}

impl Workload {
    /// The same where so much is known of the orders of its recipes before. What is
    /// searched for by one of them is known to those after it.
    #[must_use]
    pub fn knowing(mut self, orders: Vec<Option<KnownOrder>>) -> Self {
        // A quick search finds another order, and so does one of an upcast.
        let mut found = HashMap::new();
        let known = self.recipes.iter().zip(orders).map(|(recipe, order)| {
            let (prune, order) = (recipe.prune?, order?);
            let found = found.entry((prune.quick, prune.upcast)).or_insert(0);
            let n_known = order.n_known.max(*found).min(order.n_wanted);
            // A budget may end it before.
            if prune.loss_budget.is_none() {
                *found = order.n_wanted.max(*found);
            }
            Some(KnownOrder { n_known, ..order })
        });
        self.orders = known.collect();
        self
    }

    /// What is made, with what is known of the order in which its blocks go.
    pub fn making(&self) -> impl Iterator<Item = (&Recipe, Option<KnownOrder>)> {
        let orders = self.orders.iter().copied().chain(iter::repeat(None));
        self.recipes.iter().zip(orders)
    }

    /// Models that are measured in turns: the baseline and its variants.
    pub(super) fn arms(&self) -> f64 {
        1.0 + self.recipes.len() as f64
    }
}

/// Importance matrices that making these takes: one for all that are quantized from
/// the same file, which is the baseline or what was pruned of it.
pub fn matrices(recipes: &[Recipe]) -> usize {
    let files = recipes.iter().filter(|recipe| recipe.takes_imatrix());
    files
        .map(|recipe| recipe.prune)
        .collect::<HashSet<_>>()
        .len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::RunRequest;

    #[test]
    fn what_one_searches_for_is_known_to_the_next() {
        let recipes = [
            r#"{"prune": {"ratio": 0.2, "method": "depth"}}"#,
            r#"{"prune": {"ratio": 0.3, "method": "depth", "quick": true}}"#,
            r#"{"quantize": {"level": "q8_0"}}"#,
            r#"{"prune": {"ratio": 0.3, "method": "auto"}}"#,
            r#"{"prune": {"ratio": 0.4, "method": "depth", "loss_budget": 1.5}}"#,
            r#"{"prune": {"ratio": 0.5, "method": "depth"}}"#,
        ];
        let recipes = recipes.map(|json| serde_json::from_str::<Recipe>(json).expect("a recipe"));
        let spec = RunSpec::try_from(RunRequest {
            recipes: Some(recipes.to_vec()),
            ..RunRequest::default()
        });
        let work = Workload::from(&spec.expect("a run"));
        let unseen: Vec<_> = work.making().map(|(_, order)| order).collect();
        assert_eq!(unseen, [None; 6], "nobody has looked");
        let order = |(n_known, n_wanted)| KnownOrder { n_known, n_wanted };
        let before = [(2, 6), (0, 9), (0, 0), (2, 9), (2, 12), (2, 15)].map(order);
        let mut before = before.map(Some).to_vec();
        before[2] = None;
        let known: Vec<_> = work.knowing(before).orders;
        let right = [(2, 6), (0, 9), (0, 0), (6, 9), (9, 12), (9, 15)].map(order);
        let mut right = right.map(Some).to_vec();
        right[2] = None;
        assert_eq!(known, right);
    }
}
