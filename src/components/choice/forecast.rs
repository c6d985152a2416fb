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

/// `Predicted: 98.9 MB, 63 % smaller.`
pub fn size_words(size_bytes: u64, base_mb: Option<f64>) -> String {
    let size_mb = size_bytes as f64 / 1e6;
    let size = units::number(size_mb);
    let Some(base_mb) = base_mb.filter(|base| *base > 0.0) else {
        return format!("Predicted: {size} MB.");
    };
    let change = (1.0 - size_mb / base_mb) * 100.0;
    let word = if change < 0.0 { "larger" } else { "smaller" };
    format!("Predicted: {size} MB, {:.0} % {word}.", change.abs())
}

/// What all variants take on the disk, where that is known: they, and what is
/// free. True where it is too little.
pub(super) fn disk_words(forecasts: &VariantForecasts) -> Option<(String, bool)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_told_against_the_base() {
        assert_eq!(
            size_words(91_700_000, Some(270.9)),
            "Predicted: 91.70 MB, 66 % smaller."
        );
        assert_eq!(
            size_words(2_000_000, Some(1.0)),
            "Predicted: 2.00 MB, 100 % larger."
        );
        assert_eq!(size_words(2_000_000, None), "Predicted: 2.00 MB.");
    }
}
