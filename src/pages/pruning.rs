//! The dashboard's section that prunes.

use leptos::prelude::*;

use super::actions::Shown;
use super::forecast::forecasts;
use super::variant_section::{Common, VariantSection};
use crate::components::live::LiveFeed;
use crate::components::pruning::{PruningEditor, PruningForm, Teaching};
use crate::components::section::Section;
use crate::domain::pruning::PruningMethod;

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
    let request = Memo::new(move |_| pruning.quality.request(form, vec![pruning.recipe()]));
    let is_by_depth = Signal::derive(move || {
        let prune = pruning.recipe().prune;
        prune.is_some_and(|prune| prune.method == PruningMethod::Depth)
    });
    let forecasts = forecasts(form, move || vec![pruning.recipe()], feed);
    view! {
        <VariantSection
            section=Section::Pruning
            common
            quality=pruning.quality
            request
            is_by_depth
            shown
            feed
            forecasts
            path="/api/benchmark/pruning"
            teaching=|| view! { <Teaching/> }.into_any()
        >
            <PruningEditor form=pruning forecasts/>
        </VariantSection>
    }
}
