//! What a file's tensors are, and which types have lost something.

use serde::{Deserialize, Serialize};

use crate::domain::units;

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
    /// Weights of a block of the type that was meant; 0 in records of older versions.
    #[serde(default)]
    pub block: u64,
    /// How long the rows of these tensors are, in weights, each length once; none in
    /// records of older versions.
    #[serde(default)]
    pub row_lengths: Vec<u64>,
}

impl Fallback {
    /// What became of how many tensors.
    pub fn words(&self) -> String {
        let tensors = units::plural(self.n_tensors.into(), "tensor is", "tensors are");
        let lengths: Vec<String> = self.row_lengths.iter().copied().map(units::count).collect();
        let why = match lengths.is_empty() {
            true => "whose blocks do not fit their rows".to_owned(),
            false => format!(
                "whose blocks of {} weights do not fit rows of {}",
                self.block,
                lengths.join(", ")
            ),
        };
        format!("{tensors} {} instead of {}, {why}", self.used, self.wanted)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_tensor_got_another_type_is_said_with_the_lengths_of_its_rows() {
        let mut fallback = Fallback {
            wanted: "Q6_K".to_owned(),
            used: "Q8_0".to_owned(),
            n_tensors: 1,
            block: 256,
            row_lengths: vec![576],
        };
        assert_eq!(
            fallback.words(),
            "1 tensor is Q8_0 instead of Q6_K, whose blocks of 256 weights do not fit rows of 576"
        );
        fallback.row_lengths.push(1_600);
        assert!(fallback.words().ends_with("rows of 576, 1,600"));
        fallback.row_lengths.clear();
        let of_old = "instead of Q6_K, whose blocks do not fit their rows";
        assert!(fallback.words().ends_with(of_old));
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
