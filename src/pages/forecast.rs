//! What would become of the model, asked before anything is made.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::form::RunForm;
use crate::components::live::LiveFeed;
use crate::components::quantization::QuantizationForm;
use crate::domain::model::ModelId;
use crate::domain::recipe::Quantize;
use crate::domain::variant::VariantForecasts;

/// The predicted sizes of the chosen levels; none until they are known. Not
/// asked while a run goes on: the answer takes a worker.
pub(super) fn forecasts(
    form: RunForm,
    quantization: QuantizationForm,
    feed: LiveFeed,
) -> Signal<Option<VariantForecasts>> {
    let known = RwSignal::new(None);
    let asked = Memo::new(move |_| {
        let recipes = quantization.recipes();
        let recipes: Vec<Quantize> = recipes.iter().filter_map(|one| one.quantize).collect();
        let is_quiet = feed.state.with(Option::is_none);
        Some((form.model.get().filter(|_| is_quiet)?, recipes))
    });
    Effect::new(move |_| {
        let Some((model, recipes)) = asked.get() else {
            return;
        };
        spawn_local(async move {
            let answer = ask(model.clone(), recipes.clone()).await;
            // Another choice may have been made meanwhile.
            if asked.try_get_untracked().flatten() == Some((model, recipes)) {
                known.try_set(answer);
            }
        });
    });
    known.into()
}

/// The one place where the server is asked: without an answer nothing is shown.
async fn ask(model: ModelId, recipes: Vec<Quantize>) -> Option<VariantForecasts> {
    api::forecast_variants(model, recipes).await.ok()
}
