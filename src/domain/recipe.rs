//! What is done to a base model to make a variant.

use serde::{Deserialize, Serialize};

use super::model::Model;
use super::quantization::QuantizationType;

/// What is done to a base model. The empty recipe is the baseline: the file as
/// it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
// Asked for, a field may be left out; answered, it is there: two schemas, which
// cannot have one name.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Quantize it; none: its weights keep their types.
    #[serde(default)]
    pub quantize: Option<Quantize>,
}

/// How to quantize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(deny_unknown_fields)]
pub struct Quantize {
    /// To which type.
    pub level: QuantizationType,
    /// Whether errors count by an importance matrix, collected on the built-in
    /// calibration text.
    #[serde(default)]
    pub imatrix: bool,
}

impl Recipe {
    /// Quantizes to `level`, with an importance matrix where the type needs one.
    pub fn quantized(level: QuantizationType) -> Self {
        Self {
            quantize: Some(Quantize {
                level,
                imatrix: level.needs_imatrix(),
            }),
        }
    }

    /// Whether nothing is done.
    pub fn is_baseline(&self) -> bool {
        *self == Self::default()
    }

    /// Whether making it takes an importance matrix.
    pub fn takes_imatrix(&self) -> bool {
        self.quantize.is_some_and(|quantize| quantize.imatrix)
    }

    /// About how large a variant of `base` is, bytes: before it is made.
    pub fn rough_bytes(&self, base: &Model) -> u64 {
        self.quantize.map_or(base.size_bytes, |quantize| {
            let bits = quantize.level.nominal_bits_per_weight() * base.n_params as f64;
            (bits / 8.0) as u64
        })
    }

    /// What is put behind the base model's name: `q4_0`, `q4_0-imatrix`; none
    /// for the baseline.
    pub fn suffix(&self) -> Option<String> {
        self.quantize.map(|quantize| match quantize.imatrix {
            false => quantize.level.level(),
            true => format!("{}-imatrix", quantize.level.level()),
        })
    }

    /// As people read it: `Q4_0`, `Q4_0 with imatrix`, `baseline`.
    pub fn label(&self) -> String {
        match self.quantize {
            None => "baseline".to_owned(),
            Some(Quantize {
                level,
                imatrix: false,
            }) => level.name().to_owned(),
            Some(Quantize {
                level,
                imatrix: true,
            }) => format!("{} with imatrix", level.name()),
        }
    }
}
