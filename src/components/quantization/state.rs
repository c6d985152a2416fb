//! The raw choice of variants; the domain says whether it is valid.

use leptos::prelude::*;

use super::level_field::LevelField;
use crate::components::choice::QualityChoice;
use crate::domain::defaults::RECIPES_LIMIT;
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};
use crate::domain::run::RunSpec;

/// The levels that the dashboard's guide names, in its order.
pub(super) const USUAL: [QuantizationType; 3] = [
    QuantizationType::Q4_0,
    QuantizationType::Q5_0,
    QuantizationType::Q8_0,
];

/// What the user chooses beside the settings of every run.
#[derive(Clone, Copy)]
pub struct QuantizationForm {
    /// The levels, in order; at least one.
    pub(super) levels: RwSignal<Vec<LevelField>>,
    /// Whether what they cost is measured.
    pub quality: QualityChoice,
    next_key: StoredValue<u32>,
}

impl QuantizationForm {
    /// With the variants that were asked for last, else the first level.
    pub fn new(last: Option<&RunSpec>) -> Self {
        let form = Self {
            levels: RwSignal::new(Vec::new()),
            quality: QualityChoice::new(last, false),
            next_key: StoredValue::new(0),
        };
        form.fill(last);
        form
    }

    /// Fills in what a run asked for.
    pub fn fill(&self, last: Option<&RunSpec>) {
        let recipes = last.map_or(&[][..], |spec| &spec.recipes);
        let wanted: Vec<Quantize> = recipes
            .iter()
            .filter_map(|recipe| recipe.quantize)
            .collect();
        match wanted.as_slice() {
            [] => self.set_levels(&[Quantize::to(USUAL[0])]),
            wanted => self.set_levels(wanted),
        }
        self.quality.fill(last);
    }

    /// Puts these in place of all levels.
    pub(super) fn set_levels(&self, wanted: &[Quantize]) {
        let fields = wanted.iter().map(|quantize| self.new_field(*quantize));
        self.levels.set(fields.collect());
    }

    /// Adds the first level that is not chosen yet.
    pub(super) fn add_level(&self) {
        let chosen = untrack(|| self.recipes());
        let is_new = |level: &QuantizationType| !chosen.contains(&Recipe::quantized(*level));
        if let Some(level) = QuantizationType::ALL.into_iter().find(is_new) {
            let field = self.new_field(Quantize::to(level));
            self.levels.update(|levels| levels.push(field));
        }
    }

    /// Removes a level and says whose place it had: the next one, else the one
    /// before; none where that is the last, which cannot be removed.
    pub(super) fn remove_level(&self, key: u32) -> Option<u32> {
        let mut neighbour = None;
        self.levels.update(|levels| {
            let place = levels.iter().position(|level| level.key == key);
            levels.retain(|level| level.key != key);
            let last = levels.len().saturating_sub(1);
            let here = place.and_then(|place| levels.get(place.min(last)));
            neighbour = here.filter(|_| levels.len() > 1).map(|level| level.key);
        });
        neighbour
    }

    fn new_field(&self, quantize: Quantize) -> LevelField {
        let key = self.next_key.get_value();
        self.next_key.set_value(key + 1);
        LevelField::new(key, quantize)
    }

    /// The chosen variants.
    pub fn recipes(&self) -> Vec<Recipe> {
        self.levels
            .with(|levels| levels.iter().map(LevelField::recipe).collect())
    }

    /// Whether there is room for one more.
    pub(super) fn has_room(&self) -> bool {
        self.levels.with(Vec::len) < RECIPES_LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_level_hands_on_its_place() {
        Owner::new().with(|| {
            let form = QuantizationForm::new(None);
            form.set_levels(&USUAL.map(Quantize::to));
            let keys: Vec<u32> = form.levels.with_untracked(|levels| {
                let keys = levels.iter().map(|level| level.key);
                keys.collect()
            });
            let [first, second, third] = keys[..] else {
                panic!("{keys:?}");
            };
            assert_eq!(
                form.remove_level(third),
                Some(second),
                "there is none after it"
            );
            form.add_level();
            assert_ne!(form.remove_level(first), None);
            // One is left: it cannot be removed.
            assert_eq!(form.remove_level(second), None);
        });
    }
}
