//! How long making a variant takes.

use super::SpeedBasis;
use super::quality::QUALITY_PREFILLS;
use crate::domain::defaults::IMATRIX_CHUNKS;
use crate::domain::pruning::{CHECK_CHUNKS, KnownOrder, Prune};
use crate::domain::quality::CHUNK_TOKENS;
use crate::domain::recipe::Recipe;

/// Loads of the baseline that quantizing takes.
const QUANTIZING_LOADS: f64 = 5.0;

/// Prefills of the calibration text that pruning takes: the whole model as it is
/// and as it becomes, and as much again for statistics and repair.
const WIDTH_PREFILLS: f64 = 4.0;

/// Readings of its chunks that a try of a search before that takes: through half of the
/// blocks.
const TRY_PREFILLS: f64 = 0.5;

/// What is searched for where nobody has looked: as many as 30 % of 30 blocks, all of
/// them.
const UNSEEN: KnownOrder = KnownOrder {
    n_known: 0,
    n_wanted: 9,
};

/// Prefills of the calibration text that an importance matrix takes: the squares
/// of all activations are copied and summed beside it.
const IMATRIX_PREFILLS: f64 = 1.5;

impl SpeedBasis {
    /// Seconds in which an importance matrix is collected, where it is not kept
    /// from an earlier time.
    pub fn imatrix_seconds(&self) -> f64 {
        let tokens = f64::from(IMATRIX_CHUNKS) * f64::from(CHUNK_TOKENS);
        self.load_s + IMATRIX_PREFILLS * self.prompt_seconds(tokens)
    }

    /// Seconds in which a variant is made where it is not there yet, without an
    /// importance matrix: quantizing reads its baseline once and computes every
    /// weight anew. `order`: how much is known of the order in which blocks go; none:
    /// nobody has looked.
    pub fn making_seconds(&self, recipe: &Recipe, order: Option<KnownOrder>) -> f64 {
        let quantizing = recipe
            .quantize
            .map_or(0.0, |_| QUANTIZING_LOADS * self.load_s);
        let pruning = recipe
            .prune
            .map_or(0.0, |prune| self.pruning_seconds(prune, order));
        // What is pruned and quantized is checked after either.
        let is_both = recipe.prune.is_some() && recipe.quantize.is_some();
        let again = if is_both { self.check_seconds() } else { 0.0 };
        pruning + quantizing + again
    }

    fn pruning_seconds(&self, prune: Prune, order: Option<KnownOrder>) -> f64 {
        let searched = match prune.method.searches() {
            false => 0.0,
            true => {
                let n_tries = order.unwrap_or(UNSEEN).tries_left(prune.quick);
                TRY_PREFILLS * f64::from(n_tries) * f64::from(prune.search_chunks())
            }
        };
        let chunks = searched + WIDTH_PREFILLS * f64::from(prune.calibration_chunks());
        let reading = self.prompt_seconds(chunks * f64::from(CHUNK_TOKENS));
        self.upcast_seconds(prune) + self.load_s + reading + self.check_seconds()
    }

    /// Seconds in which a quantized baseline is written as F16, where it is pruned as that:
    /// as quantizing does, that computes every weight anew.
    pub fn upcast_seconds(&self, prune: Prune) -> f64 {
        match prune.upcast {
            false => 0.0,
            true => QUANTIZING_LOADS * self.load_s,
        }
    }

    /// Seconds in which a pruned file and its baseline read the text of its check.
    pub fn check_seconds(&self) -> f64 {
        let tokens = f64::from(CHECK_CHUNKS) * f64::from(CHUNK_TOKENS);
        2.0 * (self.load_s + QUALITY_PREFILLS * self.prompt_seconds(tokens))
    }
}

#[cfg(test)]
mod tests {
    use super::KnownOrder;
    use crate::domain::estimate::example::{BASIS, of, seconds};
    use crate::domain::quantization::QuantizationType;
    use crate::domain::recipe::Recipe;
    use crate::domain::run::RunRequest;

    #[test]
    fn an_importance_matrix_counts_once() {
        let levels = |levels: &[QuantizationType]| {
            let recipes = levels.iter().copied().map(Recipe::quantized);
            seconds(RunRequest {
                recipes: Some(recipes.collect()),
                ..of("four", 128, 0)
            })
        };
        use QuantizationType::{IQ2_S, IQ2_XS, Q4_0, Q8_0};
        // Loading, and 40 chunks of 512 tokens at 512 tokens/s, half as much again.
        let one = levels(&[IQ2_S, Q8_0]) - levels(&[Q4_0, Q8_0]);
        assert!((one - 61.0).abs() < 1e-9, "{one}");
        let two = levels(&[IQ2_S, IQ2_XS]) - levels(&[Q4_0, Q8_0]);
        assert!((two - 61.0).abs() < 1e-9, "{two}");
    }

    fn recipe(json: &str) -> Recipe {
        serde_json::from_str(json).expect("a recipe")
    }

    #[test]
    fn what_is_known_of_the_order_takes_no_time() {
        let seconds = |json: &str, order: Option<(u32, u32)>| {
            let order = order.map(|(n_known, n_wanted)| KnownOrder { n_known, n_wanted });
            BASIS.making_seconds(&recipe(json), order)
        };
        // A try reads half of 8 chunks of 512 tokens at 512 tokens/s, or of 4.
        for (json, a_try, tries) in [
            (
                r#"{"prune": {"ratio": 0.3, "method": "depth"}}"#,
                4.0,
                [44.0, 32.0, 8.0],
            ),
            (
                r#"{"prune": {"ratio": 0.3, "method": "auto", "quick": true}}"#,
                2.0,
                [32.0, 24.0, 6.0],
            ),
        ] {
            let whole = seconds(json, Some((9, 9)));
            for (n_known, n_tries) in [0, 1, 7].into_iter().zip(tries) {
                let searched = seconds(json, Some((n_known, 9))) - whole;
                assert!(
                    (searched - a_try * n_tries).abs() < 1e-9,
                    "{n_known}: {searched}"
                );
            }
            let unseen = seconds(json, None);
            assert!((unseen - seconds(json, Some((0, 9)))).abs() < 1e-9);
            assert!(
                seconds(json, Some((0, 12))) > unseen,
                "a model of more blocks"
            );
        }
        let width = r#"{"prune": {"ratio": 0.3}}"#;
        assert!((seconds(width, Some((0, 9))) - seconds(width, None)).abs() < 1e-9);
    }

    #[test]
    fn pruning_reads_its_text_and_is_checked() {
        let seconds = |json: &str| BASIS.making_seconds(&recipe(json), None);
        // 24 chunks of 512 tokens at 512 tokens/s four times, a load; two loads and
        // 10 chunks one and a half times for each of two models.
        let width = 96.0 + 1.0 + 2.0 * (1.0 + 15.0);
        let found = seconds(r#"{"prune": {"ratio": 0.3}}"#);
        assert!((found - width).abs() < 1e-9, "{found}");
        let both = seconds(r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q4_0"}}"#);
        assert!((both - (width + 5.0 + 32.0)).abs() < 1e-9, "{both}");
        let upcast = seconds(r#"{"prune": {"ratio": 0.3, "upcast": true}}"#);
        assert!((upcast - (width + 5.0)).abs() < 1e-9, "{upcast}");
        assert!(seconds(r#"{"prune": {"ratio": 0.3, "method": "depth"}}"#) > width);
        // 8 chunks of the calibration text; the check is the same.
        let quick = seconds(r#"{"prune": {"ratio": 0.3, "quick": true}}"#);
        assert!((quick - (32.0 + 1.0 + 32.0)).abs() < 1e-9, "{quick}");
        assert!(seconds("{}").abs() < 1e-9, "the baseline is there");
    }
}
