//! What would become of the model, asked before anything is made.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::choice::Forecasts;
use crate::components::form::RunForm;
use crate::components::live::LiveFeed;
use crate::domain::error::ErrorCode;
use crate::domain::recipe::Recipe;

/// What the server says of the chosen variants; nothing until it has. Not asked
/// while a run goes on: the answer may take a worker.
pub(super) fn forecasts(
    form: RunForm,
    recipes: impl Fn() -> Vec<Recipe> + Send + Sync + 'static,
    feed: LiveFeed,
) -> Forecasts {
    let known = RwSignal::new(None);
    let refusal = RwSignal::new(None);
    let asked = Memo::new(move |_| {
        let recipes = recipes();
        let is_quiet = feed.state.with(Option::is_none);
        Some((form.model.get().filter(|_| is_quiet)?, recipes))
    });
    Effect::new(move |_| {
        let Some((model, recipes)) = asked.get() else {
            return;
        };
        spawn_local(async move {
            let answer = api::forecast_variants(model.clone(), recipes.clone()).await;
            // Another choice may have been made meanwhile.
            if asked.try_get_untracked().flatten() != Some((model, recipes)) {
                return;
            }
            // Without an answer nothing is shown.
            let refused = answer.as_ref().err().map(|error| &error.error);
            let refused = refused.filter(|error| error.code == ErrorCode::ModelNotUsable);
            refusal.try_set(refused.map(|error| error.message.clone()));
            known.try_set(answer.ok());
        });
    });
    Forecasts {
        known: known.into(),
        refusal: refusal.into(),
    }
}
