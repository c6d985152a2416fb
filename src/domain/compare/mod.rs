//! What a run found when it compared variants with their baseline.

mod judgement;
mod quantity;
mod verdict;

use serde::{Deserialize, Serialize};

use super::mcnemar::McNemar;
use super::metrics::Reading;
use super::noise::Noise;
use super::quality::{AnswerComparison, Perplexity, Quality};
use super::recipe::Recipe;

pub use judgement::Judgement;
pub use quantity::Quantity;
pub use verdict::{Change, Improvement, NoiseBand, Verdict};

/// All comparisons of a run: one for each arm but the first, which is the
/// baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// By the arms' order; the first belongs to the run's second arm.
    pub variants: Vec<VariantComparison>,
    /// How the arms were launched, where memory did not hold all of them at
    /// once; none: together.
    pub blocks: Option<String>,
    /// The baseline's perplexity, where quality was asked for.
    pub baseline_perplexity: Option<Reading<Perplexity>>,
    /// What a reader should know of the whole run, whichever the arm.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// One variant against the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantComparison {
    /// What was done to the baseline.
    pub recipe: Recipe,
    /// The type that most of its matrices really have, because their rows do not
    /// fit the one that the recipe names; null: as named.
    #[serde(default)]
    pub mostly: Option<String>,
    /// One for each quantity, in the order of `Quantity::ALL`.
    pub improvements: Vec<Improvement>,
    /// What was lost, where it was asked for.
    pub quality: Option<Reading<Quality>>,
    /// Whether it still answers right what was expected: McNemar's test over
    /// prompts; null: nothing was expected.
    #[serde(default)]
    pub right_answers: Option<McNemar>,
    /// Both answers to each prompt, where quality was asked for.
    #[serde(default)]
    pub answers: Vec<AnswerComparison>,
}

impl Comparison {
    /// Judges every change anew.
    pub fn judge(&mut self, noise: Option<&Noise>) {
        let variants = self.variants.iter_mut();
        variants
            .flat_map(|variant| &mut variant.improvements)
            .for_each(|improvement| improvement.judge(noise));
    }

    /// Whether a verdict rests on noise that was assumed and not measured.
    pub fn assumes_noise(&self) -> bool {
        let all = self.variants.iter().flat_map(|one| &one.improvements);
        all.filter_map(|improvement| improvement.band)
            .any(|band| band.n_launches.is_none())
    }

    /// Whether more iterations would tell something.
    pub fn is_undecided(&self) -> bool {
        let all = self.variants.iter().flat_map(|one| &one.improvements);
        all.into_iter()
            .any(|improvement| improvement.verdict == Some(Verdict::Undecided))
    }
}

impl VariantComparison {
    /// The comparison of one quantity.
    pub fn of(&self, quantity: Quantity) -> Option<&Improvement> {
        self.improvements
            .iter()
            .find(|one| one.quantity == quantity)
    }
}
