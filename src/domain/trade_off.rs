//! What the variants of a model that were measured so far buy and cost, across
//! runs.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::compare::{Comparison, Judgement, Quantity, VariantComparison};
use super::metrics::Reading;
use super::quality::TextName;
use super::recipe::Recipe;
use super::run::RunId;
use super::units;

/// A variant, as the run measured it that measured most of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TradeOff {
    /// What was done to the model.
    pub recipe: Recipe,
    /// The type that most of its matrices really have, because their rows do not
    /// fit the one that the recipe names; null: as named.
    pub mostly: Option<String>,
    /// The run.
    pub run_id: RunId,
    /// Its file, MB = 10^6 bytes.
    pub size_mb: f64,
    /// The model's own file, MB.
    pub baseline_mb: f64,
    /// Decode speed over the model's in the same run; none: not measured.
    pub speed_ratio: Option<f64>,
    /// What the change of speed is worth, (`speed_ratio` - 1) x 100; null: it was not
    /// compared.
    pub speed_verdict: Option<Judgement>,
    /// Mean divergence from the model per token, nats; none: not measured.
    pub mean_kld: Option<f64>,
    /// What that was measured on: only on the same do divergences compare; null: not
    /// measured.
    #[serde(default)]
    pub measured_on: Option<MeasuredOn>,
}

/// What quality was measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MeasuredOn {
    /// The text.
    pub text: TextName,
    /// Chunks of it.
    pub n_chunks: u32,
}

impl MeasuredOn {
    /// As people read it: `10 chunks of built-in evaluation text`.
    pub fn words(&self) -> String {
        let chunks = units::plural(self.n_chunks.into(), "chunk", "chunks");
        format!("{chunks} of {}", self.text.name)
    }
}

impl TradeOff {
    /// As people read it: the recipe, and what the file really holds where that is
    /// something else.
    pub fn label(&self) -> String {
        match &self.mostly {
            Some(mostly) => format!("{} (mostly {mostly})", self.recipe.label()),
            None => self.recipe.label(),
        }
    }

    /// Takes the verdict from its run, whose comparison was judged anew.
    pub fn judge_by(&mut self, comparison: &Comparison) {
        let mut variants = comparison.variants.iter();
        let variant = variants.find(|variant| variant.recipe == self.recipe);
        if let Some(speed) = variant.and_then(|one| one.of(Quantity::TokensPerSecond)) {
            self.speed_verdict = Some(Judgement::from(speed));
        }
    }

    /// The variants of one run; not one whose file was not measured.
    fn of_run(run_id: RunId, comparison: &Comparison) -> Vec<Self> {
        let one = |variant: &VariantComparison| {
            let size = variant.of(Quantity::ModelSize)?;
            let speed = variant.of(Quantity::TokensPerSecond);
            let quality = variant.quality.as_ref().and_then(Reading::value);
            Some(Self {
                recipe: variant.recipe,
                mostly: variant.mostly.clone(),
                run_id,
                size_mb: size.variant?,
                baseline_mb: size.baseline?,
                speed_ratio: speed.and_then(|speed| Some(speed.change.value()?.ratio)),
                speed_verdict: speed.map(Judgement::from),
                mean_kld: quality.map(|quality| quality.mean_kld.value),
                measured_on: quality.map(|quality| MeasuredOn {
                    text: quality.perplexity.text.clone(),
                    n_chunks: quality.perplexity.n_chunks,
                }),
            })
        };
        comparison.variants.iter().filter_map(one).collect()
    }

    /// Each variant once, of runs that come newest first: as the newest run found it
    /// that measured its quality on what most variants were measured on; else on
    /// anything; else as the newest run found it.
    pub fn of_runs<'a>(runs: impl IntoIterator<Item = (RunId, &'a Comparison)>) -> Vec<Self> {
        let of_run = |(run_id, comparison)| Self::of_run(run_id, comparison);
        let all: Vec<Self> = runs.into_iter().flat_map(of_run).collect();
        let common = Self::measured_together(&all);
        let worth = |one: &Self| (one.measured_on == common, one.measured_on.is_some());
        let mut found: Vec<Self> = Vec::new();
        for variant in all {
            match found.iter_mut().find(|one| one.recipe == variant.recipe) {
                None => found.push(variant),
                Some(known) if worth(known) < worth(&variant) => *known = variant,
                Some(_) => {}
            }
        }
        found
    }

    /// What most of these variants were measured on, the longest of several; none:
    /// nothing was measured.
    pub fn measured_together(variants: &[Self]) -> Option<MeasuredOn> {
        let n_variants = |on: &MeasuredOn| {
            let on_it = variants
                .iter()
                .filter(|one| one.measured_on.as_ref() == Some(on));
            on_it.map(|one| one.recipe).collect::<HashSet<_>>().len()
        };
        let all = variants.iter().filter_map(|one| one.measured_on.as_ref());
        all.max_by_key(|on| (n_variants(on), on.n_chunks)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::compare::{Change, Improvement, Verdict};
    use crate::domain::quantization::QuantizationType;

    fn comparison(levels: &[QuantizationType], size_mb: f64) -> Comparison {
        let improvement = |quantity, ratio: f64| Improvement {
            quantity,
            baseline: Some(200.0),
            variant: Some(size_mb),
            change: Reading::Measured(Change {
                ratio,
                improvement_percent: 0.0,
                low_percent: None,
                high_percent: None,
                n_launches: 1,
            }),
            band: None,
            verdict: None,
            not_judged: None,
        };
        let variant = |level: &QuantizationType| VariantComparison {
            recipe: Recipe::quantized(*level),
            mostly: None,
            improvements: vec![
                improvement(Quantity::ModelSize, 0.5),
                improvement(Quantity::TokensPerSecond, 1.5),
            ],
            quality: None,
            right_answers: None,
            answers: Vec::new(),
        };
        Comparison {
            variants: levels.iter().map(variant).collect(),
            blocks: None,
            baseline_perplexity: None,
            warnings: Vec::new(),
        }
    }

    fn measured(level: QuantizationType, run_id: i64, on: Option<(&str, u32)>) -> TradeOff {
        TradeOff {
            recipe: Recipe::quantized(level),
            mostly: None,
            run_id: RunId(run_id),
            size_mb: 90.0,
            baseline_mb: 200.0,
            speed_ratio: None,
            speed_verdict: None,
            mean_kld: on.map(|_| 0.1),
            measured_on: on.map(|(name, n_chunks)| MeasuredOn {
                text: TextName {
                    name: name.to_owned(),
                    sha256: name.to_owned(),
                },
                n_chunks,
            }),
        }
    }

    #[test]
    fn what_most_were_measured_on_counts() {
        use QuantizationType::{Q4_0, Q4_1, Q8_0};
        let text = |found: Option<MeasuredOn>| found.map(|on| (on.text.name, on.n_chunks));
        let (own, built_in) = (Some(("own", 40)), Some(("built-in", 10)));
        let all = [
            // The same variant twice is one.
            measured(Q4_0, 5, own),
            measured(Q4_0, 4, own),
            measured(Q4_0, 3, built_in),
            measured(Q8_0, 2, built_in),
            measured(Q4_1, 1, None),
        ];
        let found = TradeOff::measured_together(&all);
        assert_eq!(text(found), Some(("built-in".to_owned(), 10)));
        // Of as many variants: the longest.
        let found = TradeOff::measured_together(&all[..3]);
        assert_eq!(text(found), Some(("own".to_owned(), 40)));
        assert_eq!(TradeOff::measured_together(&all[4..]), None);
    }

    #[test]
    fn each_variant_counts_once_and_the_newest_run_of_it() {
        use QuantizationType::{Q4_0, Q8_0};
        let (new, old) = (comparison(&[Q4_0], 90.0), comparison(&[Q4_0, Q8_0], 91.0));
        let found = TradeOff::of_runs([(RunId(2), &new), (RunId(1), &old)]);
        let runs: Vec<_> = found
            .iter()
            .map(|one| (one.run_id.0, one.size_mb))
            .collect();
        assert_eq!(runs, [(2, 90.0), (1, 91.0)]);
        assert_eq!(found[0].speed_ratio, Some(1.5));
        assert_eq!(found[0].baseline_mb, 200.0);
    }

    #[test]
    fn a_speed_is_worth_what_its_run_says_now() {
        use QuantizationType::{Q4_0, Q8_0};
        let kept = comparison(&[Q8_0, Q4_0], 90.0);
        let mut found = TradeOff::of_runs([(RunId(1), &kept)]);
        let verdict = |one: &TradeOff| one.speed_verdict.as_ref().and_then(|one| one.verdict);
        assert!(found.iter().all(|one| verdict(one).is_none()));
        let mut judged = kept.clone();
        judged.judge(None);
        judged.variants.remove(0);
        found.iter_mut().for_each(|one| one.judge_by(&judged));
        // One launch decides nothing.
        let verdicts: Vec<_> = found.iter().map(verdict).collect();
        assert_eq!(verdicts, [None, Some(Verdict::Undecided)]);
    }
}
