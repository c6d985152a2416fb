//! What is known of each quantization, and when to choose it.

use super::QuantizationType;

/// What is known of a type.
pub(super) struct Facts {
    pub(super) name: &'static str,
    /// Of a weight in the type's main format.
    pub(super) bits_per_weight: f64,
    pub(super) needs_imatrix: bool,
    pub(super) advice: &'static str,
}

impl QuantizationType {
    pub(super) fn facts(self) -> Facts {
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
