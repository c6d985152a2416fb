//! The choice of the model to measure.

use leptos::prelude::*;

use super::state::RunForm;
use crate::components::each::each;
use crate::domain::model::{Model, ModelId, ModelOrigin};
use crate::domain::units;

/// A labelled select of the models that can be measured.
#[component]
pub fn ModelPicker(
    /// The form.
    form: RunForm,
    /// The models that can be measured.
    models: Vec<Model>,
    /// Called when the user has chosen.
    on_change: Callback<()>,
) -> impl IntoView {
    let choose = move |event| {
        form.model.set(Some(ModelId(event_target_value(&event))));
        on_change.run(());
    };
    let option = move |model: Model| {
        let origin = match model.origin {
            ModelOrigin::Ollama => " · Ollama",
            ModelOrigin::Variant => " · variant",
            _ => "",
        };
        let words = format!(
            "{} · {} · {} MB{origin}",
            model.name,
            model.kind(),
            units::number(model.size_mb())
        );
        let is_first_choice = form.model.get_untracked().as_ref() == Some(&model.id);
        let value = model.id.0.clone();
        let is_chosen = move || form.model.with(|chosen| chosen.as_ref() == Some(&model.id));
        view! {
            <option value=value selected=is_first_choice prop:selected=is_chosen>
                {words}
            </option>
        }
    };
    view! {
        <label class="pick" for="model">
            <span>"Model"</span>
            <select id="model" autocomplete="off" on:change=choose>
                {each(models, option)}
            </select>
        </label>
    }
}
