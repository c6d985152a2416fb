//! What recipes would make of a base, without making it.

use std::fs::File;

use super::base_file::BaseFile;
use super::order::predict;
use super::prune_order::PruneOrder;
use super::variant::{VariantError, Workshop, changes_nothing, check_recipe};
use crate::domain::model::Model;
use crate::domain::pruning::{Prune, PruningForecast};
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};
use crate::domain::units;
use crate::domain::variant::{VariantForecast, VariantForecasts};

impl Workshop {
    /// What recipes would make of `base`, open as `file`. That stays so: what is known of
    /// orders of blocks does not, and is looked up apart.
    ///
    /// # Errors
    /// When the base cannot be quantized or pruned so.
    pub async fn forecast(
        &self,
        base: &Model,
        file: &File,
        recipes: &[Recipe],
    ) -> Result<VariantForecasts, VariantError> {
        let file = BaseFile::open(base, file).await?;
        let mut pruned = Vec::with_capacity(recipes.len());
        for recipe in recipes {
            check_recipe(recipe)?;
            pruned.push(match recipe.prune {
                Some(prune) => Some(PruneOrder::new(base, &file, prune).await?),
                None => None,
            });
        }
        let levels: Vec<Quantize> = recipes.iter().filter_map(|one| one.quantize).collect();
        let mut sizes = self
            .quantized_sizes(base, &file, &levels)
            .await?
            .into_iter();
        let mut variants = Vec::with_capacity(recipes.len());
        for (recipe, order) in recipes.iter().zip(pruned) {
            let pruning = order.as_ref().map(|order| order.forecast);
            let quantized = recipe.quantize.and_then(|_| sizes.next());
            let size_bytes =
                size(recipe, pruning.as_ref(), quantized).ok_or_else(changes_nothing)?;
            let room_bytes = order.as_ref().map_or(0, PruneOrder::room_bytes);
            let n_params = pruning.map_or(base.n_params, |pruning| pruning.params_after);
            let requantizing = || match &order {
                Some(order) => order.requantizing(),
                None => file.requantizing(base),
            };
            let requantizing = recipe.quantize.map(|_| requantizing());
            let mut warnings = order.map_or_else(Vec::new, |order| order.cautions);
            warnings.extend(requantizing.into_iter().flatten());
            warnings.extend(grown(recipe, base, size_bytes));
            if let Some(quantize) = recipe.quantize {
                warnings.extend(pruning.and_then(|pruning| misfit(&pruning, quantize.level)));
            }
            variants.push(VariantForecast {
                recipe: *recipe,
                size_bytes,
                meanwhile_bytes: room_bytes.saturating_sub(size_bytes),
                bits_per_weight: (n_params > 0).then(|| size_bytes as f64 * 8.0 / n_params as f64),
                pruning,
                warnings,
            });
        }
        Ok(VariantForecasts {
            variants,
            not_yet: None,
            free_bytes: self.free_bytes(),
        })
    }

    /// What pruning would remove of `base`, open as `file`; of its order of blocks, what
    /// is asked for.
    ///
    /// # Errors
    /// When it cannot be pruned so: the sentence says what can be done.
    pub async fn forecast_pruning(
        base: &Model,
        file: &File,
        prune: Prune,
    ) -> Result<PruningForecast, VariantError> {
        let file = BaseFile::open(base, file).await?;
        Ok(PruneOrder::new(base, &file, prune).await?.forecast)
    }

    /// Bytes of the files that quantizing the whole base would make.
    async fn quantized_sizes(
        &self,
        base: &Model,
        file: &BaseFile,
        levels: &[Quantize],
    ) -> Result<Vec<u64>, VariantError> {
        if levels.is_empty() {
            return Ok(Vec::new());
        }
        let mut worker = self.start(file, None).await?;
        let sizes = predict(&mut worker, base, file, levels).await?;
        worker.stop().await;
        Ok(sizes)
    }
}

/// Bytes of the file; none: nothing is done. What is pruned and quantized lacks
/// the weights that are gone, at the nominal bits of the type: nobody knows the
/// type of each tensor of a file that is not there.
fn size(recipe: &Recipe, pruning: Option<&PruningForecast>, quantized: Option<u64>) -> Option<u64> {
    match (pruning, recipe.quantize, quantized) {
        (Some(pruning), None, _) => Some(pruning.bytes_after),
        (None, _, quantized) => quantized,
        (Some(pruning), Some(quantize), quantized) => {
            let n_gone = pruning.params_before.saturating_sub(pruning.params_after);
            let bits = quantize.level.nominal_bits_per_weight() * n_gone as f64;
            Some(quantized?.saturating_sub((bits / 8.0) as u64))
        }
    }
}

/// That what is upcast can take more room than what it was made of.
fn grown(recipe: &Recipe, base: &Model, size_bytes: u64) -> Option<String> {
    let is_larger = recipe.prune?.upcast && size_bytes > base.size_bytes;
    is_larger.then(|| {
        let mb = |bytes: u64| units::number(bytes as f64 / 1e6);
        format!(
            "The file becomes larger than the {} that it is made of, {} MB instead of {} MB: let what is pruned be quantized then, to a type that takes no more.",
            base.file_type,
            mb(size_bytes),
            mb(base.size_bytes)
        )
    })
}

/// What pruning does to rows that fitted the type before.
fn misfit(pruning: &PruningForecast, level: QuantizationType) -> Option<String> {
    let fits = |n_ff: u32| n_ff.is_multiple_of(level.block());
    let is_new = pruning.is_settled && fits(pruning.n_ff_before) && !fits(pruning.n_ff_after);
    is_new.then(|| {
        format!(
            "{} neurons are no multiple of {}: ffn_down becomes of a larger type than {level}, and the file larger than predicted. Another ratio may fit.",
            units::count(pruning.n_ff_after.into()),
            level.block()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRUNING: PruningForecast = PruningForecast {
        achieved_pruning_ratio: 0.3,
        params_before: 1000,
        params_after: 800,
        bytes_before: 2100,
        bytes_after: 1700,
        n_blocks_before: 2,
        n_blocks_after: 2,
        n_ff_before: 128,
        n_ff_after: 64,
        n_heads_removed: 0,
        is_settled: true,
        order: None,
        memory_bytes: 0,
    };

    #[test]
    fn rows_that_no_longer_fit_are_foretold() {
        let demo = |n_ff_after| PruningForecast {
            n_ff_before: 1536,
            n_ff_after,
            ..PRUNING
        };
        let said = misfit(&demo(928), QuantizationType::Q4_K_M).expect("a warning");
        assert!(
            said.starts_with("928 neurons are no multiple of 256"),
            "{said}"
        );
        assert_eq!(misfit(&demo(1024), QuantizationType::Q4_K_M), None);
        assert_eq!(misfit(&demo(928), QuantizationType::Q8_0), None);
        // They did not fit before.
        assert_eq!(misfit(&PRUNING, QuantizationType::Q4_K_M), None);
    }

    #[test]
    fn a_file_that_grows_is_foretold() {
        let recipe = |json: &str| serde_json::from_str::<Recipe>(json).expect("a recipe");
        let upcast = recipe(r#"{"prune": {"ratio": 0.3, "upcast": true}}"#);
        let base = Model {
            size_bytes: 91_700_000,
            ..Model::sample("Q4_0", None)
        };
        let said = grown(&upcast, &base, 207_600_000).expect("it is larger");
        let says = "larger than the Q4_0 that it is made of, 207.6 MB instead of 91.70 MB";
        assert!(
            said.contains(says) && said.contains("quantized then"),
            "{said}"
        );
        assert_eq!(grown(&upcast, &base, 91_700_000), None);
        let as_it_is = recipe(r#"{"prune": {"ratio": 0.3}}"#);
        assert_eq!(grown(&as_it_is, &base, 207_600_000), None);
    }

    #[test]
    fn what_is_gone_takes_no_bits() {
        let pruning = PRUNING;
        let q8_0 = Recipe::quantized(QuantizationType::Q8_0);
        let both: Recipe =
            serde_json::from_str(r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q8_0"}}"#)
                .expect("a recipe");
        let pruned = Recipe {
            quantize: None,
            ..both
        };
        assert_eq!(size(&pruned, Some(&pruning), None), Some(1700));
        assert_eq!(size(&q8_0, None, Some(1100)), Some(1100));
        // 200 weights of 8.5 bits.
        assert_eq!(size(&both, Some(&pruning), Some(1100)), Some(1100 - 212));
        assert_eq!(size(&Recipe::default(), None, None), None);
    }
}
