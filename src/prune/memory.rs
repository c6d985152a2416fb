//! Refuses what does not fit into memory, with the figures: one that is killed
//! says nothing.

use super::Job;
use super::base::Base;
use super::error::PruneError;
use crate::domain::pruning_memory::{LayerNeeds, SearchNeeds};
use crate::domain::units;

/// Fails where refitting takes more than `limit`, bytes.
pub(super) fn fit_layers(needs: LayerNeeds, limit: Option<u64>) -> Result<(), PruneError> {
    let needed = needs.bytes();
    match limit {
        Some(limit) if needed > limit => Err(PruneError::Memory(format!(
            "pruning this model's layers of {} neurons with {} tokens of calibration text takes \
             {} MB of memory, and {} MB may be used: close other programs, prune by depth at a \
             ratio that whole blocks come near to, or quantize it instead",
            needs.n_ff,
            needs.n_tokens,
            units::number(needed as f64 / 1e6),
            units::number(limit as f64 / 1e6)
        ))),
        _ => Ok(()),
    }
}

/// Fails where a search does not fit.
pub(super) fn fit_search(base: &Base, n_tokens: usize, job: &Job<'_>) -> Result<(), PruneError> {
    let shape = &base.shape;
    let needs = SearchNeeds {
        file_bytes: base.len,
        n_blocks: shape.n_blocks().into(),
        n_ff: shape.n_ff.into(),
        n_embd: shape.n_embd.into(),
        n_vocab: shape.n_vocab.into(),
        n_ctx: job.calibration.n_ctx.into(),
        n_tokens: n_tokens as u64,
    };
    let needed = needs.bytes();
    match job.memory_bytes {
        Some(limit) if needed > limit => Err(PruneError::Memory(format!(
            "searching this model for blocks to remove takes {} MB of memory, since all of it is \
             loaded, and {} MB may be used: close other programs, or prune by width",
            units::number(needed as f64 / 1e6),
            units::number(limit as f64 / 1e6)
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LLAMA_8B: LayerNeeds = LayerNeeds {
        n_tokens: 14_336,
        n_ff: 14_336,
        n_embd: 4_096,
        n_heads: 4_096,
        block_bytes: 2 * 218_112_000,
    };

    #[test]
    fn what_does_not_fit_is_refused_with_the_figures() {
        let fit = |limit| fit_layers(LLAMA_8B, limit);
        assert!(fit(None).is_ok() && fit(Some(10_700_000_000)).is_ok());
        let message = fit(Some(8_000_000_000)).expect_err("too much").to_string();
        assert!(
            message.contains("14336 neurons") && message.contains("8,000.0 MB may be used"),
            "{message}"
        );
    }
}
