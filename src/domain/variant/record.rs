//! What is kept of a variant, and what it is called.

use serde::{Deserialize, Serialize};

use super::{Fallback, TensorShare, is_quantized};
use crate::domain::model::ModelId;
use crate::domain::order::in_order;
use crate::domain::pruning::PruningReport;
use crate::domain::recipe::Recipe;

/// A variant's history and content. All texts from files are untrusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantRecord {
    /// What tells it from every other variant: SHA-256 of the base's content,
    /// the recipe, the engine's version, and the importance matrix or the
    /// calibration text, in hexadecimal.
    pub address: String,
    /// What was done.
    pub recipe: Recipe,
    /// What it was done to.
    pub base: VariantBase,
    /// The engine that did it.
    pub engine_version: String,
    /// What weighed the errors, if anything did.
    pub imatrix: Option<ImatrixRecord>,
    /// When, UTC: `2026-03-01T10:20:30Z`.
    pub made_at: String,
    /// How long quantizing took, s; none: it was not quantized.
    pub quantize_s: Option<f64>,
    /// What pruning removed, and what that cost; none: it was not pruned.
    #[serde(default)]
    pub pruning: Option<PruningReport>,
    /// SHA-256 of the variant's file, in hexadecimal.
    pub sha256: String,
    /// What the tensors really are, the largest share first.
    pub tensor_types: Vec<TensorShare>,
    /// Tensors whose rows do not fit the type that was meant for them.
    pub fallbacks: Vec<Fallback>,
    /// What its user must know, one sentence each.
    pub warnings: Vec<String>,
}

impl VariantRecord {
    /// What the variant's file is called, without its end.
    pub fn file_stem(&self) -> String {
        let address = self.address.get(..16).unwrap_or(&self.address);
        format!("{}-{address}", self.called())
    }

    /// The variant's id, once its file's hash is known.
    pub fn model_id(&self) -> ModelId {
        ModelId::made_of(&self.called(), &self.sha256)
    }

    /// What its user must know, and what its tensors are where they did not fit.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let fallbacks = self.fallbacks.iter().map(|one| one.words() + ".");
        self.warnings.iter().cloned().chain(fallbacks)
    }

    /// As people read it: the recipe, and what the file really holds where that
    /// is something else: `Q4_K_M (mostly Q5_0)`.
    pub fn label(&self) -> String {
        let done = match &self.pruning {
            Some(report) => self.recipe.done(report.cut.achieved_pruning_ratio),
            None => self.recipe.label(),
        };
        match self.mostly() {
            Some(mostly) => format!("{done} (mostly {mostly})"),
            None => done,
        }
    }

    /// The type that most of its matrices have instead of one that was meant; none
    /// where most bytes of them are as the recipe says.
    pub fn mostly(&self) -> Option<&str> {
        let bytes = |used: &str| {
            let share = self.tensor_types.iter().find(|share| share.name == used)?;
            let of_type = self.fallbacks.iter().filter(|one| one.used == used);
            let n_fallen: u32 = of_type.map(|one| one.n_tensors).sum();
            // A type may also have tensors that were meant to be of it.
            let part = f64::from(n_fallen) / f64::from(share.n_tensors.max(1));
            Some(share.n_bytes as f64 * part.min(1.0))
        };
        let mut used = in_order(self.fallbacks.iter().map(|one| &*one.used), |used| *used);
        used.dedup();
        let is_matrix = |share: &&TensorShare| {
            // Norms are vectors, and stay exact whatever the recipe.
            is_quantized(&share.name) || used.contains(&&*share.name)
        };
        let matrices = self.tensor_types.iter().filter(is_matrix);
        let all: u64 = matrices.map(|share| share.n_bytes).sum();
        let fallen = used.iter().filter_map(|used| Some((*used, bytes(used)?)));
        let fallen: Vec<(&str, f64)> = fallen.collect();
        let n_fallen: f64 = fallen.iter().map(|(_, bytes)| bytes).sum();
        if n_fallen <= all as f64 / 2.0 {
            return None;
        }
        let largest = fallen.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        largest.map(|(used, _)| used)
    }

    /// The base's name with what was done to it: `some-model.f16-q4_0`.
    fn called(&self) -> String {
        let base = &self.base.id.0;
        // An id ends in eight digits of the base's hash.
        let base = base
            .rsplit_once('-')
            .map_or(base.as_str(), |(stem, _)| stem);
        let base: String = base.chars().take(50).collect();
        match self.recipe.suffix() {
            Some(suffix) => format!("{base}-{suffix}"),
            None => base,
        }
    }
}

/// The model that a variant was made of, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantBase {
    /// Its id.
    pub id: ModelId,
    /// Its name.
    pub name: String,
    /// Its file's name.
    pub file_name: String,
    /// Its type, with how it came to be: `F16, upcast from Q4_1`.
    pub kind: String,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
    /// Bytes of its file.
    pub size_bytes: u64,
}

/// The importance matrix that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ImatrixRecord {
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
    /// Chunks of the built-in calibration text that it was collected on.
    pub n_chunks: u32,
    /// Tokens of a chunk.
    pub n_ctx: u32,
}

/// What lies beside a variant's file: the record, and by what to see that the
/// file is still the one that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    /// The record.
    pub record: VariantRecord,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Last change of the file, ns since 1970.
    pub modified_ns: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quantization::QuantizationType;

    fn record(base: &str) -> VariantRecord {
        VariantRecord {
            address: "0123456789abcdef0123".to_owned(),
            recipe: Recipe::quantized(QuantizationType::Q4_0),
            base: VariantBase {
                id: ModelId(base.to_owned()),
                name: String::new(),
                file_name: String::new(),
                kind: "F16".to_owned(),
                sha256: String::new(),
                size_bytes: 0,
            },
            engine_version: String::new(),
            imatrix: None,
            made_at: String::new(),
            quantize_s: None,
            pruning: None,
            sha256: "fedcba9876543210".to_owned(),
            tensor_types: Vec::new(),
            fallbacks: Vec::new(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_variant_is_named_by_base_recipe_and_hash() {
        let variant = record("some-model.f16-aabbccdd");
        assert_eq!(variant.file_stem(), "some-model.f16-q4_0-0123456789abcdef");
        assert_eq!(variant.model_id().0, "some-model.f16-q4_0-fedcba98");
        let long = record(&"x".repeat(89));
        assert!(long.model_id().0.ends_with("-q4_0-fedcba98"), "{long:?}");
    }

    #[test]
    fn a_label_says_what_the_file_really_holds() {
        let share = |name: &str, n_tensors, n_bytes| TensorShare {
            name: name.to_owned(),
            n_tensors,
            n_params: 0,
            n_bytes,
        };
        let fallback = |wanted: &str, used: &str, n_tensors| Fallback {
            wanted: wanted.to_owned(),
            used: used.to_owned(),
            n_tensors,
            block: 256,
            row_lengths: vec![576],
        };
        let mut variant = record("m-aabbccdd");
        // One large tensor of several: less than half of the bytes.
        variant.tensor_types = vec![
            share("Q4_0", 210, 60),
            share("Q8_0", 1, 30),
            share("F32", 61, 900),
        ];
        variant.fallbacks = vec![fallback("Q6_K", "Q8_0", 1)];
        assert_eq!(variant.label(), "Q4_0");
        variant.recipe = Recipe::quantized(QuantizationType::Q4_K_M);
        variant.tensor_types = vec![
            share("Q5_0", 180, 50),
            share("Q8_0", 2, 30),
            share("Q4_K", 20, 20),
            share("F32", 61, 900),
        ];
        variant.fallbacks = vec![fallback("Q4_K", "Q5_0", 180), fallback("Q6_K", "Q8_0", 1)];
        assert_eq!(variant.mostly(), Some("Q5_0"));
        assert_eq!(variant.label(), "Q4_K_M (mostly Q5_0)");
        variant.fallbacks.clear();
        assert_eq!(variant.mostly(), None);
    }
}
