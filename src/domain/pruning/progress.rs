//! How far pruning has come, and where its search stands.

use serde::{Deserialize, Serialize};

/// How far pruning has come. What takes long says the same again: a process that
/// says nothing for long counts as hung.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum PruningProgress {
    /// The calibration text goes through this layer, which is then cut.
    Layer {
        /// From 1.
        layer: u32,
        /// In all.
        n_layers: u32,
    },
    /// Before a search, all blocks are loaded and the text goes through them.
    Whole {
        /// Blocks done, either way.
        done: u32,
        /// In all.
        of: u32,
    },
    /// Mixtures of blocks and neurons are rebuilt in short and compared.
    Trial {
        /// Compared.
        done: u32,
        /// In all, at most.
        of: u32,
    },
    /// The order in which blocks go is known from an earlier search: none is made.
    Known,
    /// A search tries what a removal costs.
    Search {
        /// Tries done.
        done: u32,
        /// In all, as far as is known.
        of: u32,
        /// Where the search stands.
        point: CurvePoint,
    },
    /// Tensors are being written.
    Write {
        /// Tensors done.
        tensor: u32,
        /// In all.
        n_tensors: u32,
    },
}

/// The model after a step of a search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CurvePoint {
    /// The block that this step removed, its place in the base; none: nothing yet.
    pub removed_layer: Option<u32>,
    /// The share of the blocks' matrix weights that is gone, 0 to 1.
    pub removed_share: f64,
    /// Perplexity on the text that the search looks at.
    pub perplexity: f64,
}
