//! What pruning a model would remove.

use serde::{Deserialize, Serialize};

use super::KnownOrder;

/// What pruning a model would remove.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningForecast {
    /// The share of the blocks' matrix weights that would be gone, 0 to 1.
    pub achieved_pruning_ratio: f64,
    /// Parameters of the whole file, before.
    pub params_before: u64,
    /// Parameters of the whole file, after.
    pub params_after: u64,
    /// Bytes of the whole file, before.
    pub bytes_before: u64,
    /// Bytes of the whole file, after pruning and before quantizing.
    pub bytes_after: u64,
    /// Blocks, before.
    pub n_blocks_before: u32,
    /// Blocks, after.
    pub n_blocks_after: u32,
    /// Feed-forward neurons of a block, before.
    pub n_ff_before: u32,
    /// Feed-forward neurons of a block, after.
    pub n_ff_after: u32,
    /// Attention heads that would go from a block, with the keys and values that they
    /// share; 0: all stay.
    pub n_heads_removed: u32,
    /// Whether that is settled; not where a measurement decides between several
    /// ways: these are the figures of one of them.
    pub is_settled: bool,
    /// How much is known of the order in which blocks go; null: they are not searched
    /// for.
    pub order: Option<KnownOrder>,
    /// Bytes of memory that choosing takes at its peak.
    pub memory_bytes: u64,
}
