//! What pruning a model removed, and how that is said.

use serde::{Deserialize, Serialize};

use super::{CurvePoint, KnownOrder};
use crate::domain::not_refitted::NotRefitted;
use crate::domain::units;

/// What pruning a model removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningCut {
    /// The share of the blocks' matrix weights that is gone, 0 to 1.
    pub achieved_pruning_ratio: f64,
    /// Matrix weights of the blocks, before.
    pub block_weights_before: u64,
    /// Matrix weights of the blocks, after.
    pub block_weights_after: u64,
    /// Parameters of the whole file, before.
    pub params_before: u64,
    /// Parameters of the whole file, after.
    pub params_after: u64,
    /// Bytes of the whole file, before.
    pub bytes_before: u64,
    /// Bytes of the whole file, after pruning and before quantizing.
    pub bytes_after: u64,
    /// What became of every block of the base, in its order.
    pub layers: Vec<LayerCut>,
    /// Tokens of calibration text that neurons were chosen by, and that what stays was
    /// refitted on; where blocks went alone and nothing was refitted, those of the search.
    pub calibration_tokens: u32,
    /// Tokens of calibration text that blocks were searched for on; 0: they were not, or
    /// the report is older than this field.
    #[serde(default)]
    pub search_tokens: u32,
    /// The curve of a search, one point for each step; empty where none was made.
    pub curve: Vec<CurvePoint>,
    /// How many of the blocks of the curve were known from an earlier search; 0: all of
    /// them were searched for, or the report is older than this field.
    #[serde(default)]
    pub blocks_known: u32,
    /// The blocks, by their places in the base, whose neurons the calibration text
    /// did not tell apart: what stays was refitted with a larger ridge than usual.
    #[serde(default)]
    pub singular_layers: Vec<u32>,
    /// Why what stays was not refitted to take over what is gone; null: it was, or the
    /// report is older than this field.
    #[serde(default)]
    pub not_refitted: Option<NotRefitted>,
    /// How long it took, s.
    pub prune_s: f64,
}

impl PruningCut {
    /// The share of the whole file's bytes that is gone, 0 to 1; before quantizing.
    pub fn file_share(&self) -> f64 {
        1.0 - self.bytes_after as f64 / self.bytes_before.max(1) as f64
    }

    /// What went where, in a sentence.
    pub fn layers_in_words(&self) -> String {
        let gone: Vec<String> = self
            .layers
            .iter()
            .filter(|cut| cut.weights_after == 0)
            .map(|cut| cut.layer.to_string())
            .collect();
        let narrowed = || self.layers.iter().filter(|cut| cut.is_narrowed());
        let blocks = match gone.as_slice() {
            [] => None,
            [one] => Some(format!("block {one} of {} is gone", self.layers.len())),
            gone => Some(format!(
                "blocks {} of {} are gone",
                gone.join(", "),
                self.layers.len()
            )),
        };
        let first = narrowed().next();
        let neurons = first.map(|first| {
            let is_uniform = narrowed().all(|cut| cut.n_ff_after == first.n_ff_after);
            let (before, after) = (first.n_ff_before.into(), first.n_ff_after.into());
            let (before, after) = (units::count(before), units::count(after));
            match is_uniform {
                true => format!("{after} of {before} neurons are left in each block that stays"),
                false => format!("of {before} neurons, as many are left as each block can spare"),
            }
        });
        let heads = first.map_or(0, |first| first.n_heads_removed);
        let heads = (heads > 0).then(|| {
            let (one, many) = (
                "attention head of each is gone",
                "attention heads of each are gone",
            );
            units::plural(heads.into(), one, many)
        });
        let parts: Vec<String> = [blocks, neurons, heads].into_iter().flatten().collect();
        match parts.is_empty() {
            true => "nothing is gone".to_owned(),
            false => parts.join("; "),
        }
    }

    /// What was known of the order of blocks before, if something was.
    pub fn known_in_words(&self) -> Option<String> {
        let order = KnownOrder {
            n_known: self.blocks_known,
            n_wanted: self.curve.len().saturating_sub(1) as u32,
        };
        order.in_words("what is gone")
    }

    /// What its owner should know of how it was chosen, if there is something.
    pub fn caution(&self) -> Option<String> {
        let layers: Vec<String> = self.singular_layers.iter().map(u32::to_string).collect();
        let (blocks, their) = match layers.as_slice() {
            [] => return None,
            [one] => (format!("block {one}"), "its"),
            several => (format!("blocks {}", several.join(", ")), "their"),
        };
        Some(format!(
            "The calibration text does not tell all neurons of {blocks} apart (its second moments are \
             singular): {their} weights were refitted more timidly than usual."
        ))
    }
}

/// What became of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LayerCut {
    /// Its place in the base, from 0.
    pub layer: u32,
    /// Its matrix weights, before.
    pub weights_before: u64,
    /// Its matrix weights, after; 0: the block is gone.
    pub weights_after: u64,
    /// Its feed-forward neurons, before.
    pub n_ff_before: u32,
    /// Its feed-forward neurons, after.
    pub n_ff_after: u32,
    /// Its attention heads that are gone, with the keys and values that they share; 0:
    /// all stay, the block is gone, or the report is older than this field.
    #[serde(default)]
    pub n_heads_removed: u32,
}

impl LayerCut {
    /// The share of its matrix weights that is gone, 0 to 1.
    pub fn removed_share(&self) -> f64 {
        1.0 - self.weights_after as f64 / self.weights_before.max(1) as f64
    }

    /// Whether it stays with fewer neurons.
    pub fn is_narrowed(&self) -> bool {
        self.weights_after > 0 && self.n_ff_after < self.n_ff_before
    }
}

#[cfg(test)]
impl PruningCut {
    /// For tests: by width, of no layer.
    pub(super) fn sample() -> Self {
        Self {
            achieved_pruning_ratio: 0.3,
            block_weights_before: 10,
            block_weights_after: 7,
            params_before: 10,
            params_after: 7,
            bytes_before: 20,
            bytes_after: 14,
            layers: Vec::new(),
            calibration_tokens: 512,
            search_tokens: 0,
            curve: Vec::new(),
            blocks_known: 0,
            singular_layers: Vec::new(),
            not_refitted: None,
            prune_s: 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(singular_layers: Vec<u32>) -> PruningCut {
        PruningCut {
            singular_layers,
            ..PruningCut::sample()
        }
    }

    #[test]
    fn what_was_not_told_apart_is_said() {
        assert_eq!(cut(Vec::new()).caution(), None);
        let caution = |layers| cut(layers).caution().unwrap_or_default();
        assert!(caution(vec![3]).contains("of block 3 apart"));
        assert!(caution(vec![3, 4]).contains("of blocks 3, 4 apart"));
    }

    #[test]
    fn what_was_known_before_is_said() {
        let said = |blocks_known, n_blocks: usize| {
            let point = CurvePoint {
                removed_layer: None,
                removed_share: 0.0,
                perplexity: 20.0,
            };
            let cut = PruningCut {
                curve: vec![point; n_blocks + 1],
                blocks_known,
                ..cut(Vec::new())
            };
            cut.known_in_words().unwrap_or_default()
        };
        assert_eq!(said(0, 0), "");
        assert_eq!(said(0, 9), "");
        let whole = "order of what is gone known from an earlier search";
        assert_eq!(said(9, 9), whole);
        assert_eq!(said(1, 9), "first block to go known from an earlier search");
        let begun = "order of the first 3 blocks known from an earlier search";
        assert_eq!(said(3, 9), begun);
    }

    #[test]
    fn what_went_where_is_said() {
        let layer = |layer, weights_after, n_ff_after| LayerCut {
            layer,
            weights_before: 100,
            weights_after,
            n_ff_before: 1536,
            n_ff_after,
            n_heads_removed: 0,
        };
        let said = |layers: Vec<LayerCut>| {
            let cut = PruningCut {
                bytes_before: 600,
                bytes_after: 480,
                layers,
                ..cut(Vec::new())
            };
            assert!((cut.file_share() - 0.2).abs() < 1e-9);
            cut.layers_in_words()
        };
        assert_eq!(
            said(vec![layer(0, 70, 1024), layer(1, 70, 1024)]),
            "1,024 of 1,536 neurons are left in each block that stays"
        );
        assert_eq!(
            said(vec![layer(0, 100, 1536), layer(1, 0, 0)]),
            "block 1 of 2 is gone"
        );
        let both = said(vec![layer(0, 70, 1024), layer(1, 0, 0), layer(2, 60, 900)]);
        assert!(both.contains("is gone; of 1,536 neurons"), "{both}");
        let headless = |number, n_ff_after| LayerCut {
            n_heads_removed: 3,
            ..layer(number, 50, n_ff_after)
        };
        assert_eq!(
            said(vec![headless(0, 672), headless(1, 672)]),
            "672 of 1,536 neurons are left in each block that stays; 3 attention heads of each are \
             gone"
        );
        assert!((layer(0, 70, 0).removed_share() - 0.3).abs() < 1e-9);
    }
}
