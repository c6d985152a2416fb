//! The dashboard's section that quantizes.

use leptos::prelude::*;

use super::actions::Shown;
use super::forecast::forecasts;
use super::variant_section::{Common, VariantSection};
use crate::components::live::LiveFeed;
use crate::components::quantization::{LevelEditor, QuantizationForm, Teaching};
use crate::components::section::Section;
use crate::domain::model::Model;
use crate::domain::pruning::Prune;

/// The section.
#[component]
pub(super) fn QuantizationSection(
    /// What all sections share.
    common: Common,
    /// What is chosen here.
    quantization: QuantizationForm,
    /// The comparison that is shown.
    shown: Shown,
    /// Its live state.
    feed: LiveFeed,
) -> impl IntoView {
    let form = common.form;
    let request = Memo::new(move |_| quantization.quality.request(form, quantization.recipes()));
    let forecasts = forecasts(form, move || quantization.recipes(), feed);
    let base_mb = Signal::derive(move || common.chosen(Model::size_mb));
    view! {
        <VariantSection
            section=Section::Quantization
            common
            quality=quantization.quality
            request
            prune={None::<Prune>}
            shown
            feed
            forecasts
            path="/api/benchmark/quantization"
            teaching=|| view! { <Teaching/> }.into_any()
        >
            <LevelEditor form=quantization forecasts base_mb/>
        </VariantSection>
    }
}
