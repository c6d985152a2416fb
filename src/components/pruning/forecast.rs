//! What pruning would make of the model, before it is done.

use leptos::prelude::*;

use super::state::PruningForm;
use crate::components::choice::Forecasts;
use crate::components::each::each;
use crate::components::words;
use crate::domain::pruning::{PruningForecast, PruningRatio};
use crate::domain::units;
use crate::domain::variant::VariantForecast;

/// What would be removed, or why that cannot be.
#[component]
pub(super) fn Forecast(form: PruningForm, forecasts: Forecasts) -> impl IntoView {
    let found = Memo::new(move |_| {
        let recipe = form.recipe();
        forecasts.known.with(|known| {
            let all = &known.as_ref()?.variants;
            all.iter().find(|one| one.recipe == recipe).cloned()
        })
    });
    let in_words = move || found.with(|found| in_words(found.as_ref()?));
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

fn in_words(forecast: &VariantForecast) -> Option<String> {
    let pruning = forecast.pruning?;
    let size = |bytes: u64| units::number(bytes as f64 / 1e6);
    let share = 1.0 - pruning.bytes_after as f64 / pruning.bytes_before.max(1) as f64;
    let prune = forecast.recipe.prune;
    let budget = prune.and_then(|prune| prune.loss_budget);
    let (most, least) = match (pruning.is_settled, budget) {
        (true, _) => ("", ""),
        (false, None) => ("about ", "about "),
        (false, Some(_)) => ("at most ", "at least "),
    };
    let asked = prune.map(|prune| prune.ratio);
    let nearest = asked.and_then(|asked| nearest(asked, pruning.achieved_pruning_ratio));
    let bounded = budget.map(|budget| format!(" Less goes where the loss would pass {budget}."));
    let then = forecast.recipe.quantize.map(|quantize| {
        let size = size(forecast.size_bytes);
        format!(" Then {}: about {size} MB.", quantize.level)
    });
    let known = pruning
        .order
        .and_then(|order| order.in_words("what goes"))
        .map(|known| format!(" {}", words::sentence(&known)));
    Some(format!(
        "Predicted: {most}{:.1} % of the blocks' weights go{}{}. {} → {least}{} parameters, {} → \
         {least}{} MB: the whole file shrinks by {most}{:.1} %.{}{} Choosing takes up to {} MB of \
         memory.{}",
        pruning.achieved_pruning_ratio * 100.0,
        nearest.unwrap_or_default(),
        what_goes(&pruning),
        units::parameters(pruning.params_before),
        units::parameters(pruning.params_after),
        size(pruning.bytes_before),
        size(pruning.bytes_after),
        share * 100.0,
        bounded.unwrap_or_default(),
        then.unwrap_or_default(),
        size(pruning.memory_bytes),
        known.unwrap_or_default()
    ))
}

/// `, the nearest to 25 %`; none where it is within the point that is promised.
fn nearest(asked: PruningRatio, achieved: f64) -> Option<String> {
    let is_far = (achieved - asked.share()).abs() > 0.01 + 1e-9;
    is_far.then(|| format!(", the nearest to {asked}"))
}

/// `, 544 of 1,536 neurons of each block`, or `, 864 of 1,536 neurons and 3 attention
/// heads of each block`; nothing where that is not settled.
fn what_goes(pruning: &PruningForecast) -> String {
    if !pruning.is_settled {
        return String::new();
    }
    let count = |n: u32| units::count(n.into());
    let blocks = pruning.n_blocks_before - pruning.n_blocks_after;
    let neurons = pruning.n_ff_before - pruning.n_ff_after;
    let heads = match pruning.n_heads_removed {
        0 => String::new(),
        n => format!(
            " and {}",
            words::plural(n.into(), "attention head", "attention heads")
        ),
    };
    match (blocks, neurons) {
        (0, neurons) => format!(
            ", {} of {} neurons{heads} of each block",
            count(neurons),
            count(pruning.n_ff_before)
        ),
        (blocks, _) => format!(", {blocks} of {} blocks", pruning.n_blocks_before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pruning::KnownOrder;
    use crate::domain::recipe::Recipe;

    #[test]
    fn before_and_after_are_told() {
        let recipe = |json: &str| serde_json::from_str::<Recipe>(json).expect("a recipe");
        let pruning = PruningForecast {
            achieved_pruning_ratio: 0.298,
            params_before: 134_515_008,
            params_after: 102_859_200,
            bytes_before: 270_900_000,
            bytes_after: 207_600_000,
            n_blocks_before: 30,
            n_blocks_after: 30,
            n_ff_before: 1536,
            n_ff_after: 928,
            n_heads_removed: 0,
            is_settled: true,
            order: None,
            memory_bytes: 900_000_000,
        };
        let forecast = |json: &str, size_bytes| VariantForecast {
            recipe: recipe(json),
            size_bytes,
            bits_per_weight: None,
            pruning: Some(pruning),
            warnings: Vec::new(),
        };
        let said = in_words(&forecast(r#"{"prune": {"ratio": 0.3}}"#, 207_600_000));
        assert_eq!(
            said.expect("words"),
            "Predicted: 29.8 % of the blocks' weights go, 608 of 1,536 neurons of each block. 134.5 M \
             → 102.9 M parameters, 270.9 → 207.6 MB: the whole file shrinks by 23.4 %. Choosing takes up to 900.0 MB \
             of memory."
        );
        let headless = PruningForecast {
            n_ff_after: 672,
            n_heads_removed: 3,
            ..pruning
        };
        let said = what_goes(&headless);
        assert_eq!(
            said,
            ", 864 of 1,536 neurons and 3 attention heads of each block"
        );
        let mut pruning = pruning;
        pruning.achieved_pruning_ratio = 8.0 / 30.0;
        (pruning.n_blocks_after, pruning.n_ff_after) = (22, 1536);
        let by_depth = |json: &str, is_settled| {
            in_words(&VariantForecast {
                pruning: Some(PruningForecast {
                    is_settled,
                    ..pruning
                }),
                ..forecast(json, 0)
            })
            .expect("words")
        };
        let said = by_depth(r#"{"prune": {"ratio": 0.25, "method": "depth"}}"#, true);
        assert!(
            said.contains("26.7 % of the blocks' weights go, the nearest to 25 %, 8 of 30 blocks."),
            "{said}"
        );
        let known = PruningForecast {
            order: Some(KnownOrder {
                n_known: 8,
                n_wanted: 8,
            }),
            ..pruning
        };
        let said = in_words(&VariantForecast {
            pruning: Some(known),
            ..forecast(r#"{"prune": {"ratio": 0.25, "method": "depth"}}"#, 0)
        })
        .expect("words");
        let last = " MB of memory. Order of what goes known from an earlier search.";
        assert!(said.ends_with(last), "{said}");
        let bounded = r#"{"prune": {"ratio": 0.27, "method": "depth", "loss_budget": 1.5}}"#;
        let said = by_depth(bounded, false);
        assert!(
            said.starts_with("Predicted: at most 26.7 %") && said.contains("→ at least 207.6 MB"),
            "{said}"
        );
        let both = r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q4_0"}}"#;
        let said = in_words(&forecast(both, 70_000_000)).expect("words");
        assert!(said.contains(" Then Q4_0: about 70.00 MB."), "{said}");
    }
}
