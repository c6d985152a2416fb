//! What would become of the model, asked before anything is made.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::choice::Forecasts;
use crate::components::form::RunForm;
use crate::components::host;
use crate::components::live::LiveFeed;
use crate::domain::error::ErrorCode;
use crate::domain::model::ModelId;
use crate::domain::recipe::Recipe;
use crate::domain::variant::VariantForecasts;

/// How often is asked again while the machine is busy: that must not be in the way of what
/// keeps it so.
const INTERVAL: Duration = Duration::from_secs(10);

/// What the server says of the chosen variants; nothing until it has, and again where it
/// could not yet. Not asked while a run goes on: the answer may take a worker.
pub(super) fn forecasts(
    form: RunForm,
    recipes: impl Fn() -> Vec<Recipe> + Send + Sync + 'static,
    feed: LiveFeed,
) -> Forecasts {
    let known = RwSignal::new(None::<VariantForecasts>);
    let again = RwSignal::new(());
    host::repeat(INTERVAL, move || {
        let is_partial = |known: &Option<VariantForecasts>| known.as_ref()?.not_yet.clone();
        if known.try_with_untracked(is_partial).flatten().is_some() {
            again.notify();
        }
    });
    let refusal = RwSignal::new(None);
    let chosen = Memo::new(move |_| (form.model.get(), recipes()));
    let asked = Memo::new(move |_| {
        let is_quiet = feed.state.with(Option::is_none);
        let (model, recipes) = chosen.get();
        Some((model.filter(|_| is_quiet)?, recipes))
    });
    // What was said of another choice goes at once: an answer may be long in coming.
    Effect::new(move |before: Option<(Option<ModelId>, Vec<Recipe>)>| {
        let now = chosen.get();
        if let Some((model, _)) = before.filter(|before| *before != now) {
            refusal.set(None);
            if model != now.0 {
                known.set(None);
            }
        }
        now
    });
    Effect::new(move |_| {
        again.track();
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
