//! What a level would make of the model, before it is made.

use leptos::prelude::*;

use super::level_field::LevelField;
use crate::components::choice::Forecasts;
use crate::domain::units;
use crate::domain::variant::size_words;

/// The predicted size; nothing until it is known.
#[component]
pub(super) fn Forecast(
    level: LevelField,
    forecasts: Forecasts,
    base_mb: Signal<Option<f64>>,
) -> impl IntoView {
    let words = Memo::new(move |_| {
        let recipe = level.recipe();
        let base = base_mb.get();
        forecasts.known.with(|known| {
            let all = &known.as_ref()?.variants;
            let forecast = all.iter().find(|one| one.recipe == recipe)?;
            let bits = forecast.bits_per_weight.map(|bits| {
                let bits = units::number(bits);
                format!(" With embeddings and all: {bits} bits per weight.")
            });
            // Its warnings are of the base, which the form tells by itself.
            Some(size_words(forecast.size_bytes, base) + &bits.unwrap_or_default())
        })
    });
    view! { <span class="forecast">{move || words.get()}</span> }
}
