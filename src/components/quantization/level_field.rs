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
            imatrix: RwSignal::new(imatrix && !level.needs_imatrix() && !level.is_unquantized()),
        }
    }

    /// Chooses another type. The wish for a matrix goes where it means nothing.
    pub(super) fn choose(&self, level: QuantizationType) {
        self.level.set(level);
        if level.is_unquantized() {
            self.imatrix.set(false);
        }
    }

    /// Whether a matrix is the user's choice: some types need one, and those that
    /// quantize nothing take none.
    pub(super) fn is_imatrix_free(&self) -> bool {
        let level = self.level.get();
        !level.needs_imatrix() && !level.is_unquantized()
    }

    /// As it is chosen now: a type that needs a matrix gets one.
    pub fn recipe(&self) -> Recipe {
        let level = self.level.get();
        let imatrix = self.imatrix.get() || level.needs_imatrix();
        Recipe {
            quantize: Some(Quantize { level, imatrix }),
            ..Recipe::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::{RunRequest, RunSpec};

    #[test]
    fn what_is_chosen_can_be_made() {
        let owner = Owner::new();
        owner.with(|| {
            let field = LevelField::new(0, Quantize::to(QuantizationType::Q4_0));
            field.imatrix.set(true);
            for level in QuantizationType::ALL {
                field.choose(level);
                let request = RunRequest {
                    recipes: Some(vec![field.recipe()]),
                    ..RunRequest::default()
                };
                assert!(RunSpec::try_from(request).is_ok(), "{level}");
                assert!(!field.is_imatrix_free() || !level.needs_imatrix());
            }
            let f16 = LevelField::new(1, Quantize::to(QuantizationType::F16));
            assert!(!f16.is_imatrix_free());
        });
    }
}
