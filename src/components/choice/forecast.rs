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

impl Forecasts {
    /// Whether they warn of anything.
    pub(super) fn warn(self) -> bool {
        self.known.with(|known| {
            let variants = known.iter().flat_map(|known| &known.variants);
            variants.into_iter().any(|one| !one.warnings.is_empty())
        })
    }
}

/// What all variants take on the disk, where that is known, and what is free; or why it is
/// not known yet. True where there is too little.
pub(super) fn disk_words(forecasts: &VariantForecasts) -> Option<(String, bool)> {
    if let Some(reason) = &forecasts.not_yet {
        return Some((reason.clone(), false));
    }
    let free = forecasts.free_bytes?;
    let (lasting, meanwhile) = (forecasts.lasting_bytes(), forecasts.meanwhile_bytes());
    let megabytes = |bytes: u64| units::number(bytes as f64 / 1e6);
    let making = match meanwhile {
        0 => String::new(),
        _ => format!(" and {} MB more while they are made", megabytes(meanwhile)),
    };
    let words = format!(
        "On disk: up to {} MB{making}, {} MB are free.",
        megabytes(lasting),
        megabytes(free)
    );
    Some((words, lasting.saturating_add(meanwhile) > free))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quantization::QuantizationType;
    use crate::domain::recipe::Recipe;
    use crate::domain::variant::VariantForecast;

    fn forecasts(meanwhile_mb: [u64; 2], free_mb: u64) -> VariantForecasts {
        let one = |meanwhile_mb| VariantForecast {
            recipe: Recipe::quantized(QuantizationType::Q4_0),
            size_bytes: 100_000_000,
            meanwhile_bytes: meanwhile_mb * 1_000_000,
            bits_per_weight: None,
            pruning: None,
            warnings: Vec::new(),
        };
        VariantForecasts {
            variants: meanwhile_mb.map(one).into(),
            not_yet: None,
            free_bytes: Some(free_mb * 1_000_000),
        }
    }

    #[test]
    fn what_making_takes_counts_as_well_and_once() {
        let said = |meanwhile, free| disk_words(&forecasts(meanwhile, free)).expect("words");
        let words = "On disk: up to 200.0 MB, 300.0 MB are free.";
        assert_eq!(said([0, 0], 300), (words.to_owned(), false));
        let words = "On disk: up to 200.0 MB and 370.0 MB more while they are made, 570.0 MB are \
                     free.";
        assert_eq!(said([50, 370], 570), (words.to_owned(), false));
        assert!(
            said([50, 370], 569).1,
            "a file on the workbench is one, too"
        );
    }

    #[test]
    fn why_sizes_are_not_known_yet_stands_in_their_place() {
        let mut forecasts = forecasts([0, 0], 1);
        forecasts.not_yet = Some("It is busy.".to_owned());
        assert_eq!(
            disk_words(&forecasts),
            Some(("It is busy.".to_owned(), false))
        );
    }
}
