//! What was removed, in figures.

use super::rebuild::Stays;
use crate::domain::not_refitted::NotRefitted;
use crate::domain::pruning::{CurvePoint, LayerCut, PruningCut};
use crate::gguf::{BlockShape, Document, ModelShape, Rewrite};

/// What became of every block.
pub(super) fn layers(shape: &ModelShape, stays: &Stays) -> Vec<LayerCut> {
    let fewer = u64::from(shape.n_ff - stays.n_ff) * shape.neuron_weights()
        + u64::from(stays.n_groups_removed) * shape.group_weights();
    let n_queries = shape.heads.map_or(0, |heads| heads.n_queries);
    let blocks = (0..).zip(shape.blocks.iter().zip(&stays.blocks));
    let cut = |(layer, (block, stays_there)): (u32, (&BlockShape, &bool))| {
        let (weights_after, n_ff_after, n_groups_removed) = match stays_there {
            true => (block.weights - fewer, stays.n_ff, stays.n_groups_removed),
            false => (0, 0, 0),
        };
        LayerCut {
            layer,
            weights_before: block.weights,
            weights_after,
            n_ff_before: shape.n_ff,
            n_ff_after,
            n_heads_removed: n_groups_removed * n_queries,
        }
    };
    blocks.map(cut).collect()
}

/// The share of the blocks' matrix weights that is gone, 0 to 1.
pub(super) fn achieved(layers: &[LayerCut]) -> f64 {
    let before: u64 = layers.iter().map(|layer| layer.weights_before).sum();
    let after: u64 = layers.iter().map(|layer| layer.weights_after).sum();
    (before - after) as f64 / before.max(1) as f64
}

/// What was found on the way.
pub(super) struct Found {
    /// Tokens that neurons were chosen by, and that what stays was refitted on.
    pub(super) n_tokens: usize,
    /// Tokens that blocks were searched for on; 0: none were.
    pub(super) n_searched: usize,
    /// The curve of a search.
    pub(super) curve: Vec<CurvePoint>,
    /// How many of its blocks were known before.
    pub(super) blocks_known: u32,
    /// Blocks where a ridge had to be raised.
    pub(super) singular_layers: Vec<u32>,
    /// Why what stays was not refitted, if it was not.
    pub(super) not_refitted: Option<NotRefitted>,
}

/// The whole of it; `before` is the base with its size. The time is not known yet.
pub(super) fn cut(
    after: &Rewrite<'_>,
    (before, bytes_before): (&Document, u64),
    layers: Vec<LayerCut>,
    found: Found,
) -> PruningCut {
    let weights_before: u64 = layers.iter().map(|layer| layer.weights_before).sum();
    let weights_after: u64 = layers.iter().map(|layer| layer.weights_after).sum();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    PruningCut {
        achieved_pruning_ratio: achieved(&layers),
        block_weights_before: weights_before,
        block_weights_after: weights_after,
        params_before: before.n_params(),
        params_after: after.n_params(),
        bytes_before,
        bytes_after: after.size_bytes(),
        layers,
        calibration_tokens: count(found.n_tokens),
        search_tokens: count(found.n_searched),
        curve: found.curve,
        blocks_known: found.blocks_known,
        singular_layers: found.singular_layers,
        not_refitted: found.not_refitted,
        prune_s: 0.0,
    }
}
