//! Fewer blocks. What the others say is refitted, so that those before a gap
//! stand for those that are gone.
//!
//! Only whole blocks go: of `llama`, `qwen2`, `qwen3` and `gemma3`, llama.cpp's loaders
//! (`src/models/llama.cpp` and those beside it) want the attention and the feed-forward
//! tensors of every block, all as large as those of the first. What computes the same as
//! `llama` and loads a block without attention is `deci` alone; without a feed-forward
//! network it loads one too, and then leaves out the attention of that block (`n_ff == 0`
//! in `src/models/deci.cpp`).

use super::base::Base;
use super::calibration::Calibration;
use super::error::PruneError;
use super::layer::Choice;
use super::rebuild::{Rebuilt, Stays, fit, rebuild};
use super::search::search;
use super::{Decided, Job};
use crate::domain::not_refitted::NotRefitted;
use crate::domain::pruning::PruningProgress;
use crate::gguf::{BlockCut, NotPrunable, PruningPlan};

/// Decides which blocks stay, and what they say.
pub(super) fn by_depth(
    base: &mut Base,
    plan: &PruningPlan,
    job: &Job<'_>,
    on_progress: &mut dyn FnMut(PruningProgress),
) -> Result<Decided, PruneError> {
    let text = read(base, job)?;
    let n_remove = plan.first().n_blocks_removed;
    let found = search(base, n_remove, job, on_progress)?;
    if let (Some(budget), Some(least)) = (job.prune.loss_budget, found.refused)
        && found.removed.is_empty()
    {
        return Err(NotPrunable::Budget { budget, least }.into());
    }
    let stays = Stays {
        // The file is as large as blocks alone make it.
        with_bias: false,
        ..Stays::without(base, &found.removed)
    };
    // Where refitting is not possible, what the search found stays as it is.
    let not_refitted = plan
        .not_refitted(&base.shape, text.n_tokens() as u64)
        .or_else(|| fit(base, &text, job).err().map(|_| NotRefitted::Memory));
    let (rebuilt, n_tokens) = match (job.yardstick, not_refitted) {
        (None, None) => {
            let wanted = (&stays, Choice::Surgeon);
            let rebuilt = rebuild(base, &text, wanted, None, job, on_progress)?;
            (rebuilt, text.n_tokens())
        }
        _ => (as_they_are(&stays), found.n_tokens),
    };
    Ok(Decided {
        rebuilt,
        stays,
        curve: found.curve,
        blocks_known: found.n_known,
        n_tokens,
        not_refitted,
    })
}

/// The text to refit on: as many tokens as a block has neurons, if it has as many and
/// they may take their time.
fn read(base: &Base, job: &Job<'_>) -> Result<Calibration, PruneError> {
    let n_needed = match job.prune.quick {
        true => 1,
        false => base.shape.n_ff as usize,
    };
    match Calibration::of(job.source, job.calibration, n_needed) {
        // What the search finds stays as it is, then.
        Err(PruneError::Text(_)) => Calibration::of(job.source, job.calibration, 1),
        read => read,
    }
}

/// The blocks that stay, unchanged.
fn as_they_are(stays: &Stays) -> Rebuilt {
    let cut = |stay: &bool| match stay {
        true => BlockCut::Keep,
        false => BlockCut::Remove,
    };
    Rebuilt {
        cuts: stays.blocks.iter().map(cut).collect(),
        judged: None,
        singular: Vec::new(),
    }
}
