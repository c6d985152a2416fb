//! The quantizations that llama.cpp makes, and when to choose which.

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

/// What is known of a type.
struct Facts {
    name: &'static str,
    /// Of a weight in the type's main format.
    bits_per_weight: f64,
    needs_imatrix: bool,
    advice: &'static str,
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

    fn facts(self) -> Facts {
        // Bits: the block layouts of ggml-common.h (bytes of a block x 8 / its
        // weights); the mixtures of the K-quants as llama-quantize lists them
        // for Llama-3.1-8B. The need for a matrix: `tensor_requires_imatrix` in
        // llama-quant.cpp, for every type that a mixture contains.
        let facts = |name, bits_per_weight, needs_imatrix, advice| Facts {
            name,
            bits_per_weight,
            needs_imatrix,
            advice,
        };
        match self {
            Self::Q4_0 => facts(
                "Q4_0",
                4.5,
                false,
                "Most aggressive, best compression: small and fast, at a loss that small models feel.",
            ),
            Self::Q5_0 => facts(
                "Q5_0",
                5.5,
                false,
                "Balanced: much of the size saved, little of the quality lost.",
            ),
            Self::Q8_0 => facts(
                "Q8_0",
                8.5,
                false,
                "Less aggressive, better quality: half the size, next to no loss.",
            ),
            Self::Q4_1 => facts(
                "Q4_1",
                5.0,
                false,
                "An older format between Q4_0 and Q5_0; Q4_K_M is usually better at its size.",
            ),
            Self::Q5_1 => facts(
                "Q5_1",
                6.0,
                false,
                "An older format above Q5_0; Q5_K_M is usually better at its size.",
            ),
            Self::Q2_K => facts(
                "Q2_K",
                3.16,
                false,
                "When nothing larger fits: the loss is heavy.",
            ),
            Self::Q2_K_S => facts(
                "Q2_K_S",
                2.97,
                true,
                "Smaller than Q2_K, with an importance matrix; the loss is heavy.",
            ),
            Self::Q3_K_S => facts(
                "Q3_K_S",
                3.64,
                false,
                "Three bits throughout: small, with a loss that shows.",
            ),
            Self::Q3_K_M => facts(
                "Q3_K_M",
                4.0,
                false,
                "Three bits, more for what matters: when Q4_K_S does not fit.",
            ),
            Self::Q3_K_L => facts(
                "Q3_K_L",
                4.3,
                false,
                "Three bits, more still for what matters: close to Q4_K_S in size.",
            ),
            Self::Q4_K_S => facts(
                "Q4_K_S",
                4.67,
                false,
                "Four bits throughout: a little smaller than Q4_K_M.",
            ),
            Self::Q4_K_M => facts(
                "Q4_K_M",
                4.89,
                false,
                "The usual choice: four bits, six where it matters.",
            ),
            Self::Q5_K_S => facts(
                "Q5_K_S",
                5.57,
                false,
                "Five bits throughout: a little smaller than Q5_K_M.",
            ),
            Self::Q5_K_M => facts(
                "Q5_K_M",
                5.70,
                false,
                "When there is room beyond Q4_K_M: little loss.",
            ),
            Self::Q6_K => facts(
                "Q6_K",
                6.56,
                false,
                "Near Q8_0 in quality at three quarters of its size.",
            ),
            Self::IQ4_NL => facts(
                "IQ4_NL",
                4.5,
                false,
                "Four bits on a curve that fits weights better than Q4_0's; for columns that are no multiple of 256.",
            ),
            Self::IQ4_XS => facts(
                "IQ4_XS",
                4.25,
                false,
                "The smallest four bits: below Q4_K_S in size, near it in quality.",
            ),
            Self::IQ3_M => facts(
                "IQ3_M",
                3.76,
                false,
                "Three bits by codebook: better than Q3_K at its size, slower on a CPU.",
            ),
            Self::IQ3_S => facts(
                "IQ3_S",
                3.44,
                false,
                "Three bits by codebook throughout; slower on a CPU.",
            ),
            Self::IQ3_XS => facts(
                "IQ3_XS",
                3.3,
                true,
                "Between IQ3_XXS and IQ3_S, with an importance matrix; slower on a CPU.",
            ),
            Self::IQ3_XXS => facts(
                "IQ3_XXS",
                3.06,
                true,
                "The smallest three bits, with an importance matrix; slower on a CPU.",
            ),
            Self::IQ2_M => facts(
                "IQ2_M",
                2.7,
                true,
                "Two bits with an importance matrix, for large models that fit no other way.",
            ),
            Self::IQ2_S => facts(
                "IQ2_S",
                2.5,
                true,
                "Two bits with an importance matrix; below IQ2_M.",
            ),
            Self::IQ2_XS => facts(
                "IQ2_XS",
                2.31,
                true,
                "Two bits with an importance matrix; below IQ2_S.",
            ),
            Self::IQ2_XXS => facts(
                "IQ2_XXS",
                2.06,
                true,
                "The smallest two bits, with an importance matrix; for the largest models.",
            ),
            Self::IQ1_M => facts(
                "IQ1_M",
                1.75,
                true,
                "Below two bits: an experiment on very large models.",
            ),
            Self::IQ1_S => facts(
                "IQ1_S",
                1.56,
                true,
                "The smallest of all: an experiment on very large models.",
            ),
            Self::F16 => facts(
                "F16",
                16.0,
                false,
                "No quantization: half precision, to compare with.",
            ),
            Self::BF16 => facts(
                "BF16",
                16.0,
                false,
                "No quantization: the range of F32 at 16 bits, slow where the processor lacks it.",
            ),
        }
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
