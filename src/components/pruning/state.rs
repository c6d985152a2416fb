//! The raw choice of what is pruned.

use leptos::prelude::*;

use crate::components::choice::QualityChoice;
use crate::domain::loss_budget::LossBudget;
use crate::domain::pruning::{Prune, PruningMethod, PruningRatio};
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};
use crate::domain::run::RunSpec;

/// What the user chooses beside the settings of every run.
#[derive(Clone, Copy)]
pub struct PruningForm {
    /// How much.
    pub(super) ratio: RwSignal<PruningRatio>,
    /// What is removed, and how it is chosen.
    pub(super) method: RwSignal<PruningMethod>,
    /// Whether less of the calibration text is read.
    pub(super) quick: RwSignal<bool>,
    /// By depth, what may be lost; kept while another method is chosen.
    pub(super) budget: RwSignal<Option<LossBudget>>,
    /// Whether a quantized model is upcast first; kept while another is chosen.
    pub(super) upcast: RwSignal<bool>,
    /// To which type the pruned model is quantized; none: its weights keep theirs.
    pub(super) then: RwSignal<Option<QuantizationType>>,
    /// Whether what it costs is measured.
    pub quality: QualityChoice,
}

impl PruningForm {
    /// With what was asked for last, else the usual.
    pub fn new(last: Option<&RunSpec>) -> Self {
        let form = Self {
            ratio: RwSignal::new(PruningRatio::USUAL),
            method: RwSignal::new(PruningMethod::default()),
            quick: RwSignal::new(false),
            budget: RwSignal::new(None),
            upcast: RwSignal::new(false),
            then: RwSignal::new(None),
            quality: QualityChoice::new(last, true),
        };
        form.fill(last);
        form
    }

    /// Fills in what a run asked for.
    pub fn fill(&self, last: Option<&RunSpec>) {
        let recipes = last.map_or(&[][..], |spec| &spec.recipes);
        let recipe = recipes.iter().find(|recipe| recipe.prune.is_some());
        let prune = recipe.and_then(|recipe| recipe.prune);
        self.ratio
            .set(prune.map_or(PruningRatio::USUAL, |prune| prune.ratio));
        self.method
            .set(prune.map_or_else(PruningMethod::default, |prune| prune.method));
        self.quick.set(prune.is_some_and(|prune| prune.quick));
        self.upcast.set(prune.is_some_and(|prune| prune.upcast));
        self.budget.set(prune.and_then(|prune| prune.loss_budget));
        let quantize = recipe.and_then(|recipe| recipe.quantize);
        self.then.set(quantize.map(|quantize| quantize.level));
        self.quality.fill(last);
    }

    /// The chosen variant of a model; only one that is quantized can be upcast.
    pub fn recipe(&self, is_quantized: bool) -> Recipe {
        let method = self.method.get();
        let budget = self.budget.get();
        Recipe {
            prune: Some(Prune {
                method,
                ratio: self.ratio.get(),
                quick: self.quick.get(),
                loss_budget: budget.filter(|_| method == PruningMethod::Depth),
                upcast: is_quantized && self.upcast.get(),
            }),
            quantize: self.then.get().map(Quantize::to),
        }
    }
}
