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
    fn quantized_types_are_told_from_the_others() {
        for name in ["Q4_0", "Q8_0", "IQ4_NL", "TQ1_0", "MXFP4"] {
            assert!(is_quantized(name), "{name}");
        }
        for name in ["F32", "F16", "BF16", "F64", "I32"] {
            assert!(!is_quantized(name), "{name}");
        }
    }
}
