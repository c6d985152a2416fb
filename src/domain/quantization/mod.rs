//! The quantizations that llama.cpp makes, and how they are written.

mod facts;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A kind of quantized file, as llama.cpp names its file types. Written `q4_0`
/// in requests and `Q4_0` where people read it.
///
/// Left out: TQ1_0, TQ2_0, Q1_0 and Q2_0 (for models trained with ternary or
/// binary weights), MXFP4_MOE and NVFP4 (for models trained in those formats).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[allow(
    missing_docs,
    reason = "the names are the field's own; `advice` says what each is"
)]
#[allow(non_camel_case_types, reason = "the names are the field's own")]
#[serde(rename_all = "lowercase")]
pub enum QuantizationType {
    Q4_0,
    Q5_0,
    Q8_0,
    Q4_1,
    Q5_1,
    Q2_K,
    Q2_K_S,
    Q3_K_S,
    Q3_K_M,
    Q3_K_L,
    Q4_K_S,
    Q4_K_M,
    Q5_K_S,
    Q5_K_M,
    Q6_K,
    IQ4_NL,
    IQ4_XS,
    IQ3_M,
    IQ3_S,
    IQ3_XS,
    IQ3_XXS,
    IQ2_M,
    IQ2_S,
    IQ2_XS,
    IQ2_XXS,
    IQ1_M,
    IQ1_S,
    F16,
    BF16,
}

/// A name that is no type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no quantization that can be made; the types are {all}", all = QuantizationType::names())]
pub struct UnknownType(pub String);

impl QuantizationType {
    /// All types in the order in which they are offered: the seed's three first.
    pub const ALL: [Self; 29] = [
        Self::Q4_0,
        Self::Q5_0,
        Self::Q8_0,
        Self::Q4_K_M,
        Self::Q4_K_S,
        Self::Q5_K_M,
        Self::Q5_K_S,
        Self::Q6_K,
        Self::Q3_K_L,
        Self::Q3_K_M,
        Self::Q3_K_S,
        Self::Q2_K,
        Self::Q2_K_S,
        Self::IQ4_NL,
        Self::IQ4_XS,
        Self::IQ3_M,
        Self::IQ3_S,
        Self::IQ3_XS,
        Self::IQ3_XXS,
        Self::IQ2_M,
        Self::IQ2_S,
        Self::IQ2_XS,
        Self::IQ2_XXS,
        Self::IQ1_M,
        Self::IQ1_S,
        Self::Q4_1,
        Self::Q5_1,
        Self::F16,
        Self::BF16,
    ];

    /// As llama.cpp's users write it: `Q4_K_M`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// As requests write it: `q4_k_m`.
    pub fn level(self) -> String {
        self.name().to_ascii_lowercase()
    }

    /// Nominal bits for a weight: what the type's main format takes with its
    /// scales. What a file really has, with its embeddings and the tensors that
    /// fell back on another type, is measured on the file.
    pub fn nominal_bits_per_weight(self) -> f64 {
        self.facts().bits_per_weight
    }

    /// Whether llama.cpp refuses to make it without an importance matrix.
    pub fn needs_imatrix(self) -> bool {
        self.facts().needs_imatrix
    }

    /// Whether it keeps 16 bits of every weight.
    pub fn is_unquantized(self) -> bool {
        matches!(self, Self::F16 | Self::BF16)
    }

    /// When to choose it, in a sentence.
    pub fn advice(self) -> &'static str {
        self.facts().advice
    }

    /// How many weights of a row share a scale: rows that are no multiple of it become
    /// of another type.
    pub fn block(self) -> u32 {
        match self {
            Self::F16 | Self::BF16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 | Self::IQ4_NL => 32,
            _ => 256,
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::level).join(", ")
    }
}

impl fmt::Display for QuantizationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// By hand, so that whoever names another is told which there are.
impl<'de> Deserialize<'de> for QuantizationType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for QuantizationType {
    type Err = UnknownType;

    /// In either way of writing.
    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let found = Self::ALL
            .into_iter()
            .find(|one| one.name().eq_ignore_ascii_case(text));
        // A message quotes no more of a wrong name than helps to find it.
        found.ok_or_else(|| UnknownType(text.chars().take(32).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_offered_once_and_reads_what_it_writes() {
        let mut seen = QuantizationType::ALL.to_vec();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), QuantizationType::ALL.len());
        for one in QuantizationType::ALL {
            assert_eq!(one.level().parse(), Ok(one));
            assert_eq!(one.name().parse(), Ok(one));
            let written = serde_json::to_string(&one).expect("JSON");
            assert_eq!(written, format!("\"{}\"", one.level()));
        }
        let error = "q9_9".parse::<QuantizationType>().unwrap_err().to_string();
        assert!(
            error.starts_with("\"q9_9\" is no") && error.contains("q4_0, q5_0, q8_0"),
            "{error}"
        );
    }
}
