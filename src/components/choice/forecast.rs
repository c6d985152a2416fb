//! What would become of a model, as far as the server has said.

use leptos::prelude::*;

use crate::domain::units;
use crate::domain::variant::VariantForecasts;

/// What the server says of the chosen variants.
#[derive(Clone, Copy)]
pub struct Forecasts {
    /// What would become of the model, once that is known.
    pub known: Signal<Option<VariantForecasts>>,
    /// Why that cannot be made of it, and what can.
    pub refusal: Signal<Option<String>>,
}

/// What all variants take on the disk, where that is known, and what is free; or why it is
/// not known yet. True where there is too little.
pub(super) fn disk_words(forecasts: &VariantForecasts) -> Option<(String, bool)> {
    if let Some(reason) = &forecasts.not_yet {
        return Some((reason.clone(), false));
    }
    let free = forecasts.free_bytes?;
    let needed: u64 = forecasts.variants.iter().map(|one| one.size_bytes).sum();
    let megabytes = |bytes: u64| units::number(bytes as f64 / 1e6);
    let words = format!(
        "On disk: up to {} MB, {} MB are free.",
        megabytes(needed),
        megabytes(free)
    );
    Some((words, needed > free))
}
