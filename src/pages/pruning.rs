//! The dashboard's section that prunes.

use leptos::prelude::*;

use super::actions::Shown;
use super::forecast::forecasts;
use super::variant_section::{Common, VariantSection};
use crate::components::live::LiveFeed;
use crate::components::pruning::{PruningEditor, PruningForm, Teaching};
use crate::components::section::Section;
use crate::domain::variant::is_inexact;

/// The section.
#[component]
pub(super) fn PruningSection(
    /// What all sections share.
    common: Common,
    /// What is chosen here.
    pruning: PruningForm,
    /// The comparison that is shown.
    shown: Shown,
    /// Its live state.
    feed: LiveFeed,
) -> impl IntoView {
    let form = common.form;
    let is_quantized = Memo::new(move |_| {
        let found = common.chosen(|model| is_inexact(&model.file_type));
        found.unwrap_or(false)
    });
    let recipe = Memo::new(move |_| pruning.recipe(is_quantized.get()));
    let request = Memo::new(move |_| pruning.quality.request(form, vec![recipe.get()]));
    let prune = Signal::derive(move || recipe.get().prune);
    let forecasts = forecasts(form, move || vec![recipe.get()], feed);
    view! {
        <VariantSection
            section=Section::Pruning
            common
            quality=pruning.quality
            request
            prune
            shown
            feed
            forecasts
            path="/api/benchmark/pruning"
            teaching=|| view! { <Teaching/> }.into_any()
        >
            <PruningEditor form=pruning is_quantized recipe forecasts/>
        </VariantSection>
    }
}
