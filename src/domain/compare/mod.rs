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

    /// Launches of the model against itself behind its verdicts; none: none of them rests
    /// on noise that was measured.
    pub fn noise_launches(&self) -> Option<u32> {
        let all = self.variants.iter().flat_map(|one| &one.improvements);
        all.filter_map(|improvement| improvement.band?.n_launches)
            .max()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_that_was_measured_in_part_was_measured() {
        let improvement = |quantity, n_launches| Improvement {
            quantity,
            baseline: None,
            variant: None,
            change: Reading::NotMeasured(String::new()),
            band: NoiseBand::assumed(quantity).map(|assumed| NoiseBand {
                n_launches,
                ..assumed
            }),
            verdict: None,
            not_judged: None,
        };
        let of = |times, memory| {
            let comparison = Comparison {
                variants: vec![VariantComparison {
                    recipe: Recipe::default(),
                    mostly: None,
                    improvements: vec![
                        improvement(Quantity::ResponseTime, times),
                        improvement(Quantity::Memory, memory),
                        improvement(Quantity::ModelSize, None),
                    ],
                    quality: None,
                    right_answers: None,
                    answers: Vec::new(),
                }],
                blocks: None,
                baseline_perplexity: None,
                warnings: Vec::new(),
            };
            (comparison.assumes_noise(), comparison.noise_launches())
        };
        assert_eq!(of(None, None), (true, None));
        assert_eq!(of(Some(12), None), (true, Some(12)));
        assert_eq!(of(Some(12), Some(12)), (false, Some(12)));
    }
}
