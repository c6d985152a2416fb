//! What pruning would make of the model, before it is done.

use leptos::prelude::*;

use crate::components::choice::Forecasts;
use crate::components::each::each;
use crate::components::words;
use crate::domain::recipe::Recipe;

/// What would be removed, or why that cannot be.
#[component]
pub(super) fn Forecast(recipe: Memo<Recipe>, forecasts: Forecasts) -> impl IntoView {
    let found = Memo::new(move |_| {
        let recipe = recipe.get();
        forecasts.known.with(|known| {
            let all = &known.as_ref()?.variants;
            all.iter().find(|one| one.recipe == recipe).cloned()
        })
    });
    let in_words = move || found.with(|found| found.as_ref()?.pruned_in_words());
    let notes = move || {
        let refusal = forecasts
            .refusal
            .get()
            .map(|reason| words::sentence(&reason));
        let warnings = found.with(|found| {
            found
                .as_ref()
                .map_or_else(Vec::new, |found| found.warnings.clone())
        });
        let notes: Vec<String> = refusal.into_iter().chain(warnings).collect();
        let note = |words: String| view! { <li>{words}</li> };
        (!notes.is_empty()).then(|| {
            view! {
                <ul class="warnings" aria-label="Of pruning this model">
                    {each(notes, note)}
                </ul>
            }
        })
    };
    view! {
        <p class="forecast" id="pruning-forecast">
            {in_words}
        </p>
        {notes}
    }
}
