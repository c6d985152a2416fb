//! On how much text it was chosen what goes, in words.

use super::{LayerCut, PruningCut};
use crate::domain::units;

impl PruningCut {
    /// On how much of the calibration text what is gone was chosen, and what stays
    /// refitted: `blocks were searched for on 4,096 tokens of calibration text; what stays
    /// was refitted on 12,288 tokens`.
    pub fn chosen_in_words(&self) -> String {
        let on = |what: &str, n_tokens: u32| {
            let tokens = units::plural(n_tokens.into(), "token", "tokens");
            format!("{what} on {tokens}")
        };
        let narrows = self.layers.iter().any(LayerCut::is_narrowed);
        let then = match (narrows, self.not_refitted.is_none()) {
            (true, true) => Some("neurons were chosen, and what stays was refitted,"),
            (true, false) => Some("neurons were chosen"),
            (false, true) => Some("what stays was refitted"),
            (false, false) => None,
        };
        let n_searched = match (self.search_tokens, then) {
            // Of an older version, which told no others.
            (0, None) => self.calibration_tokens,
            (n_tokens, _) => n_tokens,
        };
        let searched = (n_searched > 0).then(|| on("blocks were searched for", n_searched));
        let then = then.map(|what| on(what, self.calibration_tokens));
        match (searched, then) {
            (Some(searched), Some(then)) => format!("{searched} of calibration text; {then}"),
            (searched, then) => {
                let one = searched.or(then).unwrap_or_default();
                format!("{one} of calibration text")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::not_refitted::NotRefitted;

    fn cut(search_tokens: u32, n_ff_after: u32, not_refitted: Option<NotRefitted>) -> PruningCut {
        let layer = LayerCut {
            layer: 0,
            weights_before: 100,
            weights_after: 100,
            n_ff_before: 128,
            n_ff_after,
            n_heads_removed: 0,
        };
        PruningCut {
            layers: vec![layer],
            calibration_tokens: 12_288,
            search_tokens,
            not_refitted,
            ..PruningCut::sample()
        }
    }

    #[test]
    fn the_search_and_the_repair_are_told_apart() {
        let quantized = Some(NotRefitted::Quantized);
        for (cut, says) in [
            (
                cut(0, 64, None),
                "neurons were chosen, and what stays was refitted, on 12,288 tokens of calibration text",
            ),
            (
                cut(4096, 128, None),
                "blocks were searched for on 4,096 tokens of calibration text; what stays was refitted \
                 on 12,288 tokens",
            ),
            (
                cut(4096, 64, quantized),
                "blocks were searched for on 4,096 tokens of calibration text; neurons were chosen on \
                 12,288 tokens",
            ),
            (
                cut(4096, 128, quantized),
                "blocks were searched for on 4,096 tokens of calibration text",
            ),
            // Of older versions.
            (
                cut(0, 128, None),
                "what stays was refitted on 12,288 tokens of calibration text",
            ),
            (
                cut(0, 128, quantized),
                "blocks were searched for on 12,288 tokens of calibration text",
            ),
        ] {
            assert_eq!(cut.chosen_in_words(), says);
        }
    }
}
