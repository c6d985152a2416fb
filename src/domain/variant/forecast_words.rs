//! What would become of a model, in words, the same on the page and on the command line.

use super::VariantForecast;
use crate::domain::pruning::{KnownOrder, Prune, PruningForecast};
use crate::domain::units;

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

impl VariantForecast {
    /// What pruning would remove, what that would leave, and what choosing it takes; none:
    /// it is not pruned.
    pub fn pruned_in_words(&self) -> Option<String> {
        let (prune, pruning) = (self.recipe.prune?, self.pruning?);
        let size = |bytes: u64| units::number(bytes as f64 / 1e6);
        let share = 1.0 - pruning.bytes_after as f64 / pruning.bytes_before.max(1) as f64;
        let (most, least) = match (pruning.is_settled, prune.loss_budget) {
            (true, _) => ("", ""),
            (false, None) => ("about ", "about "),
            (false, Some(_)) => ("at most ", "at least "),
        };
        // What is upcast can be larger than the base.
        let change = match share < 0.0 {
            true => format!("grows by {least}"),
            false => format!("shrinks by {most}"),
        };
        let bounded = prune
            .loss_budget
            .map(|budget| format!(" Less goes where the loss would pass {budget}."));
        let then = self.recipe.quantize.map(|quantize| {
            let size = size(self.size_bytes);
            format!(" Then {}: about {size} MB.", quantize.level)
        });
        let searched = pruning.order.and_then(|order| searched(prune, order));
        let searched = searched.map(|words| format!(" {}", units::sentence(&words)));
        Some(format!(
            "Predicted: {most}{:.1} % of the blocks' weights go{}. {} → {least}{} parameters, {} → \
             {least}{} MB: the whole file {change}{:.1} %.{}{} Choosing takes up to {} MB of \
             memory.{}",
            pruning.achieved_pruning_ratio * 100.0,
            what_goes(&pruning),
            units::parameters(pruning.params_before),
            units::parameters(pruning.params_after),
            size(pruning.bytes_before),
            size(pruning.bytes_after),
            share.abs() * 100.0,
            bounded.unwrap_or_default(),
            then.unwrap_or_default(),
            size(pruning.memory_bytes),
            searched.unwrap_or_default()
        ))
    }
}

/// What a search for blocks reads, or that none is made; none: none is needed.
fn searched(prune: Prune, order: KnownOrder) -> Option<String> {
    let known = order.in_words("what goes");
    if order.is_whole() {
        return known;
    }
    let begun = known.map(|known| format!("; {known}"));
    Some(format!(
        "blocks are searched for in at most {}, each on {} of calibration text{}",
        units::plural(order.tries_left(prune.quick).into(), "try", "tries"),
        units::plural(prune.search_tokens().into(), "token", "tokens"),
        begun.unwrap_or_default()
    ))
}

/// `, 544 of 1,536 neurons of each block`, `, 864 of 1,536 neurons and 3 attention heads of
/// each block`, `, 8 of 30 blocks`, or `, 7 of 30 blocks, and 32 of 1,536 neurons of each
/// other block`; nothing where that is not settled.
fn what_goes(pruning: &PruningForecast) -> String {
    if !pruning.is_settled {
        return String::new();
    }
    let count = |n: u32| units::count(n.into());
    let blocks = pruning.n_blocks_before - pruning.n_blocks_after;
    let heads = match pruning.n_heads_removed {
        0 => String::new(),
        n => format!(
            " and {}",
            units::plural(n.into(), "attention head", "attention heads")
        ),
    };
    let neurons = format!(
        "{} of {} neurons{heads}",
        count(pruning.n_ff_before - pruning.n_ff_after),
        count(pruning.n_ff_before)
    );
    let of_blocks = format!("{blocks} of {} blocks", pruning.n_blocks_before);
    match (blocks, pruning.n_ff_before == pruning.n_ff_after) {
        (0, _) => format!(", {neurons} of each block"),
        (_, true) => format!(", {of_blocks}"),
        (_, false) => format!(", {of_blocks}, and {neurons} of each other block"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pruning() -> PruningForecast {
        PruningForecast {
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
        }
    }

    fn said(recipe: &str, pruning: PruningForecast) -> String {
        let forecast = VariantForecast {
            recipe: serde_json::from_str(recipe).expect("a recipe"),
            size_bytes: 70_000_000,
            meanwhile_bytes: 0,
            bits_per_weight: None,
            pruning: Some(pruning),
            warnings: Vec::new(),
        };
        forecast.pruned_in_words().expect("words")
    }

    #[test]
    fn before_and_after_are_told() {
        assert_eq!(
            said(r#"{"prune": {"ratio": 0.3}}"#, pruning()),
            "Predicted: 29.8 % of the blocks' weights go, 608 of 1,536 neurons of each block. 134.5 M \
             → 102.9 M parameters, 270.9 → 207.6 MB: the whole file shrinks by 23.4 %. Choosing takes \
             up to 900.0 MB of memory."
        );
        let both = r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q4_0"}}"#;
        let both = said(both, pruning());
        assert!(both.contains(" Then Q4_0: about 70.00 MB."), "{both}");
        let grown = PruningForecast {
            bytes_before: 91_700_000,
            ..pruning()
        };
        let grown = said(r#"{"prune": {"ratio": 0.3, "upcast": true}}"#, grown);
        let says = "91.70 → 207.6 MB: the whole file grows by 126.4 %.";
        assert!(grown.contains(says), "{grown}");
        let bounded = r#"{"prune": {"ratio": 0.3, "method": "depth", "loss_budget": 1.5}}"#;
        let bounded = said(
            bounded,
            PruningForecast {
                is_settled: false,
                ..pruning()
            },
        );
        assert!(
            bounded.starts_with("Predicted: at most 29.8 % of the blocks' weights go. ")
                && bounded.contains("→ at least 207.6 MB"),
            "{bounded}"
        );
    }

    #[test]
    fn what_goes_is_named() {
        let of = |n_blocks_after, n_ff_after, n_heads_removed| {
            what_goes(&PruningForecast {
                n_blocks_after,
                n_ff_after,
                n_heads_removed,
                ..pruning()
            })
        };
        let heads = ", 864 of 1,536 neurons and 3 attention heads of each block";
        assert_eq!(of(30, 672, 3), heads);
        assert_eq!(of(22, 1536, 0), ", 8 of 30 blocks");
        let mixed = ", 7 of 30 blocks, and 32 of 1,536 neurons of each other block";
        assert_eq!(of(23, 1504, 0), mixed);
    }

    #[test]
    fn what_a_search_reads_is_told_before_it_does() {
        let said = |n_known| {
            let order = KnownOrder {
                n_known,
                n_wanted: 9,
            };
            let pruning = PruningForecast {
                order: Some(order),
                ..pruning()
            };
            said(r#"{"prune": {"ratio": 0.3, "method": "depth"}}"#, pruning)
        };
        for (n_known, end) in [
            (
                0,
                " Blocks are searched for in at most 44 tries, each on 4,096 tokens of calibration text.",
            ),
            (
                1,
                " in at most 32 tries, each on 4,096 tokens of calibration text; first block to go known \
                 from an earlier search.",
            ),
            (
                9,
                " MB of memory. Order of what goes known from an earlier search.",
            ),
        ] {
            let said = said(n_known);
            assert!(said.ends_with(end), "{said}");
        }
    }

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
