//! How long measuring quality takes.

use super::{SpeedBasis, Workload};
use crate::domain::quality::CHUNK_TOKENS;

/// Prefills of a chunk that scoring it takes: the logits of every second token
/// are computed and compared over the whole vocabulary.
pub(super) const QUALITY_PREFILLS: f64 = 1.5;

impl SpeedBasis {
    /// Seconds in which all arms read the text for quality and answer the prompts.
    pub fn quality_seconds(&self, work: &Workload) -> f64 {
        self.scoring_seconds(work) + self.answering_seconds(work)
    }

    /// Seconds in which all arms answer the prompts once more, side by side.
    pub fn answering_seconds(&self, work: &Workload) -> f64 {
        if work.quality_chunks == 0 {
            return 0.0;
        }
        let prompts = work.prompt_tokens.iter().map(|n| self.prompt_seconds(*n));
        let answers = f64::from(work.max_tokens) * work.prompt_tokens.len() as f64;
        let one = prompts.sum::<f64>() + answers / self.tokens_per_second;
        work.arms() * one
    }

    /// Seconds in which all arms read the text.
    pub fn scoring_seconds(&self, work: &Workload) -> f64 {
        let tokens = f64::from(work.quality_chunks) * f64::from(CHUNK_TOKENS);
        work.arms() * QUALITY_PREFILLS * self.prompt_seconds(tokens)
    }
}
