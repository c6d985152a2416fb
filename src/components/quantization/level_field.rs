//! One level that is chosen, with what it is made with.

use leptos::prelude::*;

use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};

/// A level; the key stays when others are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelField {
    /// Its own number.
    pub key: u32,
    /// The type.
    pub level: RwSignal<QuantizationType>,
    /// Whether an importance matrix is wanted; kept while the type needs one.
    pub imatrix: RwSignal<bool>,
}

impl LevelField {
    /// Filled with a recipe's.
    pub fn new(key: u32, quantize: Quantize) -> Self {
        let Quantize { level, imatrix } = quantize;
        Self {
            key,
            level: RwSignal::new(level),
            imatrix: RwSignal::new(imatrix && !level.needs_imatrix()),
        }
    }

    /// As it is chosen now: a type that needs a matrix gets one.
    pub fn recipe(&self) -> Recipe {
        let level = self.level.get();
        let imatrix = self.imatrix.get() || level.needs_imatrix();
        Recipe {
            quantize: Some(Quantize { level, imatrix }),
        }
    }
}
