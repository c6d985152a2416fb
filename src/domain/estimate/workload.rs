//! What a run asks of the engine, as far as time goes.

use std::collections::HashSet;

use crate::domain::prompt::Prompt;
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
            quality_chunks: spec.quality.as_ref().map_or(0, |quality| quality.n_chunks),
        }
    }
}

impl Workload {
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
