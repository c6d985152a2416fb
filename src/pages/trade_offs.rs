//! The dashboard's card of all variants that were measured so far.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::actions::Shown;
use super::later::{Later, Part};
use super::variant_section::Common;
use crate::api;
use crate::components::when::When;
use crate::domain::run::Run;
use crate::domain::trade_off::TradeOff;
use crate::domain::variant::VariantRecord;

/// The card. It is asked for anew when another model is chosen, and when a run
/// has ended; without an answer what is known stays.
#[component]
pub(super) fn TradeOffs(
    /// What all sections share.
    common: Common,
    /// The comparisons that are shown: a new one has news.
    shown: [Shown; 2],
) -> impl IntoView {
    let variants = RwSignal::new(Vec::new());
    let asked = Memo::new(move |_| {
        let ended = |run: &Option<Run>| {
            let run = run.as_ref().filter(|run| run.status.is_terminal());
            run.map(|run| run.id)
        };
        let latest = shown.map(|shown| shown.run.with(ended));
        (common.form.model.get(), latest)
    });
    Effect::new(move |before: Option<_>| {
        let (model, latest) = asked.get();
        if before.as_ref().is_some_and(|before| *before != model) {
            variants.set(Vec::new());
        }
        let Some(id) = model.clone() else {
            return model;
        };
        spawn_local(async move {
            let answer = api::list_trade_offs(id.0.clone()).await;
            if asked.try_get_untracked() == Some((Some(id), latest))
                && let Ok(found) = answer
            {
                variants.try_set(found);
            }
        });
        model
    });
    let baseline = Signal::derive(move || common.chosen(|model| model.name.clone()));
    let unmeasured = Signal::derive(move || {
        let chosen = common.form.model.get();
        let is_measured = |recipe| {
            variants.with(|all: &Vec<TradeOff>| all.iter().any(|one| one.recipe == recipe))
        };
        common.models.with_value(|models| {
            let made = models.iter().filter_map(|model| model.variant.as_deref());
            let made = made.filter(|made| Some(&made.base.id) == chosen.as_ref());
            made.filter(|made| !is_measured(made.recipe))
                .map(VariantRecord::label)
                .collect::<Vec<String>>()
        })
    });
    let has_some = move || variants.with(|variants| !variants.is_empty());
    let card = Later::TradeOffs(baseline, variants.into(), unmeasured);
    view! {
        <When when=has_some>
            <Part part=card.clone()/>
        </When>
    }
}
