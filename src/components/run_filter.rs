//! The filter of the history: a plain form, whose choice is in the address.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::each::each;
use crate::domain::filter::{FilterRequest, MeasuredModel};
use crate::domain::run::Technique;

/// The form. It works without JavaScript, and an address can be shared.
#[component]
pub fn RunFilterForm(
    /// What the address says now, right or wrong.
    request: FilterRequest,
    /// The models that runs have.
    models: Vec<MeasuredModel>,
) -> impl IntoView {
    let FilterRequest {
        technique,
        model,
        from,
        to,
    } = request;
    let chosen = model.filter(|model| !model.is_empty());
    let from = from.unwrap_or_default();
    let to = to.unwrap_or_default();
    let technique = technique.filter(|technique| !technique.is_empty());
    let is_set = technique.is_some() || chosen.is_some() || !from.is_empty() || !to.is_empty();
    // A model of an old address may have no run any more; the form still says
    // what is filtered.
    let stranger = chosen
        .clone()
        .filter(|chosen| models.iter().all(|model| model.id.0 != *chosen))
        .map(|id| view! { <option value=id.clone() selected=true>{id.clone()}</option> });
    let option = move |model: MeasuredModel| {
        let is_chosen = chosen.as_deref() == Some(model.id.0.as_str());
        let words = format!("{} · {}", model.name, model.file_type);
        view! { <option value=model.id.0 selected=is_chosen>{words}</option> }
    };
    let measuring = move |one: Technique| {
        let is_chosen = technique.as_deref() == Some(one.word());
        view! { <option value=one.word() selected=is_chosen>{one.label()}</option> }
    };
    view! {
        <form class="filter" method="get" action="/runs" role="search" aria-label="Filter the runs">
            <div class="field">
                <label for="filter-model">"Model"</label>
                <select id="filter-model" name="model" autocomplete="off">
                    <option value="">"All models"</option>
                    {stranger}
                    {each(models, option)}
                </select>
            </div>
            <div class="field">
                <label for="filter-technique">"Measured"</label>
                <select id="filter-technique" name="technique" autocomplete="off">
                    <option value="">"Everything"</option>
                    {each(Technique::ALL, measuring)}
                </select>
            </div>
            <div class="field">
                <label for="filter-from">"From (UTC)"</label>
                <input id="filter-from" name="from" type="date" autocomplete="off" value=from/>
            </div>
            <div class="field">
                <label for="filter-to">"To (UTC)"</label>
                <input id="filter-to" name="to" type="date" autocomplete="off" value=to/>
            </div>
            <button type="submit" class="button">
                "Filter"
            </button>
            {is_set.then(|| view! { <A href="/runs">"Show all"</A> })}
        </form>
    }
}
