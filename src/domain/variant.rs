//! What is kept of a variant: how it was made, of what, and what is in it.

use serde::{Deserialize, Serialize};

use super::model::ModelId;
use super::pruning::{PruningForecast, PruningReport};
use super::recipe::Recipe;
use super::units;

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

/// The tensors of one type in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TensorShare {
    /// The type: `Q4_K`.
    pub name: String,
    /// How many.
    pub n_tensors: u32,
    /// Their elements.
    pub n_params: u64,
    /// Their bytes.
    pub n_bytes: u64,
}

/// Tensors that got another type than was meant, because their rows are no
/// whole number of its blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fallback {
    /// What was meant.
    pub wanted: String,
    /// What it is.
    pub used: String,
    /// How many tensors.
    pub n_tensors: u32,
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

/// What a recipe would make of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantForecast {
    /// What would be done.
    pub recipe: Recipe,
    /// Bytes that its file would have: to the byte where it is pruned by width,
    /// to within a kilobyte where it is quantized, about where it is both.
    pub size_bytes: u64,
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
    /// One for each recipe asked for, in order.
    pub variants: Vec<VariantForecast>,
    /// Bytes that are free where variants are kept; none: the system does not say.
    pub free_bytes: Option<u64>,
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
        let mut used: Vec<&str> = self.fallbacks.iter().map(|one| &*one.used).collect();
        used.sort_unstable();
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

/// Whether weights of this type have lost something already.
pub fn is_quantized(tensor_type: &str) -> bool {
    const EXACT: [&str; 8] = ["F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8"];
    !EXACT.contains(&tensor_type)
}

/// Whether a file of this type has lost something already. Unlike the types of
/// tensors, those of files have many names: what is not known to be exact is not.
pub fn is_inexact(file_type: &str) -> bool {
    const EXACT: [&str; 4] = ["F64", "F32", "F16", "BF16"];
    !EXACT.contains(&file_type)
}

/// The type at which a file's weights lost something, by what the file says of how
/// it came to be: `Q4_1` of `quantized from F16, upcast from Q4_1`. Whatever its own
/// type, it holds no more than that.
pub fn lossy_ancestor(provenance: Option<&str>) -> Option<&str> {
    provenance?.split(STEP).find_map(inexact_source)
}

/// A history of at most `limit` bytes, for where no more can be kept: steps are left
/// out, and `…` stands for them, but never the one that lost something first.
pub fn shortened(provenance: &str, limit: usize) -> String {
    if provenance.len() <= limit {
        return provenance.to_owned();
    }
    let steps: Vec<&str> = provenance.split(STEP).collect();
    let lossy = steps.iter().position(|step| inexact_source(step).is_some());
    let kept = lossy.unwrap_or(steps.len() - 1);
    let with = |kept: &[usize]| {
        let mut said: Vec<&str> = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            match kept.contains(&place) {
                true => said.push(step),
                false if said.last() != Some(&LEFT_OUT) => said.push(LEFT_OUT),
                false => {}
            }
        }
        said.join(STEP)
    };
    let (first_too, alone) = (with(&[0, kept]), with(&[kept]));
    if first_too.len() <= limit {
        return first_too;
    }
    if alone.len() <= limit {
        return alone;
    }
    // The type stands at its end. A part of a character is none.
    let from = steps[kept].len().saturating_sub(limit);
    let is_edge = |at: &usize| steps[kept].is_char_boundary(*at);
    let from = (from..=steps[kept].len()).find(is_edge);
    steps[kept][from.unwrap_or_default()..].to_owned()
}

/// Between the steps of a history, the latest first.
const STEP: &str = ", ";
/// Stands for steps that are left out.
const LEFT_OUT: &str = "…";

/// The type that a step started from, if weights had lost something in it.
fn inexact_source(step: &str) -> Option<&str> {
    let (_, file_type) = step.rsplit_once(" from ")?;
    is_inexact(file_type).then_some(file_type)
}

impl Fallback {
    /// What became of how many tensors.
    pub fn words(&self) -> String {
        let tensors = units::plural(self.n_tensors.into(), "tensor is", "tensors are");
        format!(
            "{tensors} {} instead of {}, whose blocks do not fit their rows",
            self.used, self.wanted
        )
    }
}

/// The warning that a base brings with it which is quantized already.
pub fn requantized(kind: &str) -> String {
    format!(
        "Requantized: the base is {kind}, and what was lost in quantizing it stays lost. Choose an F16, BF16 or F32 file of the model that was never quantized, where there is one."
    )
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

    #[test]
    fn what_was_lost_on_the_way_is_found() {
        for (provenance, lossy) in [
            ("upcast from Q4_1", Some("Q4_1")),
            ("quantized from Q8_0", Some("Q8_0")),
            ("quantized from F16, upcast from Q4_1", Some("Q4_1")),
            (
                "quantized with an importance matrix from F16, quantized from Q4_K_M",
                Some("Q4_K_M"),
            ),
            ("quantized from F32", None),
            ("made by hand", None),
        ] {
            assert_eq!(lossy_ancestor(Some(provenance)), lossy, "{provenance}");
        }
        assert_eq!(lossy_ancestor(None), None);
    }

    #[test]
    fn a_long_history_keeps_what_was_lost_first() {
        let long = "quantized with an importance matrix from F16, pruned 12.5 % in width and depth \
                    from F16, pruned 12.5 % in width and depth from F16, upcast from Q4_K_M";
        assert_eq!(shortened(long, 1000), long);
        let short = shortened(long, 127);
        assert_eq!(
            short,
            "quantized with an importance matrix from F16, …, upcast from Q4_K_M"
        );
        assert_eq!(lossy_ancestor(Some(&short)), Some("Q4_K_M"));
        let shorter = shortened(long, 30);
        assert_eq!(shorter, "…, upcast from Q4_K_M");
        // A name may be of any length, and of characters of several bytes.
        let strange = format!("upcast × {} from Q4_0", "é".repeat(200));
        let cut = shortened(&strange, 127);
        assert!(cut.len() <= 127 && cut.ends_with(" from Q4_0"), "{cut}");
        assert_eq!(lossy_ancestor(Some(&cut)), Some("Q4_0"));
    }

    #[test]
    fn quantized_types_are_told_from_the_others() {
        for name in ["Q4_0", "Q8_0", "IQ4_NL", "TQ1_0", "MXFP4"] {
            assert!(is_quantized(name), "{name}");
        }
        for name in ["F32", "F16", "BF16", "F64", "I32"] {
            assert!(!is_quantized(name), "{name}");
        }
    }
}
