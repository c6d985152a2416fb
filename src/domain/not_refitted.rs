//! Why what stays of a pruned model was not refitted.

use serde::{Deserialize, Serialize};

/// Why what stays says what it said, and nothing takes over what is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotRefitted {
    /// The base is quantized: what stays of it stays as it is.
    Quantized,
    /// By depth: the architecture normalizes what a block adds, so that no block can
    /// stand for those behind it.
    Architecture,
    /// By depth: fewer tokens of calibration text were read than a block has neurons.
    Text,
    /// By depth: it takes more memory than was free.
    Memory,
}

impl NotRefitted {
    /// What to do about a base that is quantized.
    pub const LOSES_LESS: &str = "An F16, BF16 or F32 file of the model loses less; where there is none, let it be upcast to F16 first (\"upcast\": true, --upcast, or whittle upcast FILE NEW.gguf).";

    /// What its owner should know, before and after.
    pub fn words(self) -> String {
        let (why, instead) = match self {
            Self::Quantized => ("the base is quantized", Self::LOSES_LESS),
            Self::Architecture => (
                "this architecture normalizes what a block adds",
                "By width or auto it is.",
            ),
            Self::Text => (
                "its blocks have more neurons than tokens of calibration text are read",
                "By width more are read, and by depth without quick.",
            ),
            Self::Memory => (
                "that takes more memory than was free",
                "Close other programs, delete this variant and make it again, or quantize the model instead.",
            ),
        };
        format!("What stays is not refitted to take over what is gone: {why}. {instead}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_says_what_can_be_done() {
        use NotRefitted::{Architecture, Memory, Quantized, Text};
        for (why, says) in [
            (Quantized, "--upcast, or whittle upcast FILE NEW.gguf"),
            (Architecture, "By width"),
            (Text, "without quick"),
            (Memory, "make it again"),
        ] {
            let words = why.words();
            assert!(
                words.starts_with("What stays is not refitted") && words.contains(says),
                "{words}"
            );
        }
    }
}
