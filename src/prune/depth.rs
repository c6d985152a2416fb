//! Fewer blocks. What the others say is refitted, so that those before a gap
//! stand for those that are gone. Where no whole number of blocks comes near enough to
//! the ratio, the rest goes from the neurons of the others.
//!
//! No half of a block goes: of `llama`, `qwen2`, `qwen3` and `gemma3`, llama.cpp's loaders
//! (`src/models/llama.cpp` and those beside it) want the attention and the feed-forward
//! tensors of every block, all as large as those of the first. What computes the same as
//! `llama` and loads a block without attention is `deci` alone; without a feed-forward
//! network it loads one too, and then leaves out the attention of that block (`n_ff == 0`
//! in `src/models/deci.cpp`).

use super::base::Base;
use super::calibration::Calibration;
use super::error::PruneError;
use super::rebuild::{Rebuilt, Stays, fit, rebuild};
use super::search::search;
use super::{Decided, Job, choice};
use crate::domain::not_refitted::NotRefitted;
use crate::domain::pruning::PruningProgress;
use crate::gguf::{BlockCut, NotPrunable, PruningPlan, Way};

/// Decides which blocks stay, and what they say.
pub(super) fn by_depth(
    base: &mut Base,
    plan: &PruningPlan,
    job: &Job<'_>,
    on_progress: &mut dyn FnMut(PruningProgress),
) -> Result<Decided, PruneError> {
    let way = match job.yardstick {
        None => plan.first(),
        // Others remove whole blocks alone.
        Some(_) => Way {
            n_ff: base.shape.n_ff,
            ..plan.first()
        },
    };
    let narrows = way.n_ff < base.shape.n_ff;
    let text = read(base, narrows, job)?;
    let found = search(base, way.n_blocks_removed, job, on_progress)?;
    if let (Some(budget), Some(least)) = (job.prune.loss_budget, found.refused)
        && found.removed.is_empty()
    {
        return Err(NotPrunable::Budget { budget, least }.into());
    }
    let stays = Stays::of(base, plan, &way, &found.removed);
    // Where refitting is not possible, blocks stay as they are.
    let not_refitted = plan
        .not_refitted(&base.shape, text.n_tokens() as u64)
        .or_else(|| fit(base, &text, job).err().map(|_| NotRefitted::Memory));
    let is_rebuilt = narrows || (job.yardstick.is_none() && not_refitted.is_none());
    let (rebuilt, n_tokens) = match is_rebuilt {
        true => {
            let wanted = (&stays, choice(plan, job));
            let rebuilt = rebuild(base, &text, wanted, None, job, on_progress)?;
            (rebuilt, text.n_tokens())
        }
        false => (as_they_are(&stays), found.n_tokens),
    };
    Ok(Decided {
        rebuilt,
        stays,
        curve: found.curve,
        blocks_known: found.n_known,
        n_tokens,
        n_searched: found.n_tokens,
        not_refitted,
    })
}

/// The text to refit on: as many tokens as a block has neurons, if it has as many and
/// they may take their time. Neurons cannot be chosen on less, nor in less memory than that
/// takes.
fn read(base: &Base, narrows: bool, job: &Job<'_>) -> Result<Calibration, PruneError> {
    let n_ff = base.shape.n_ff as usize;
    if narrows {
        let text = Calibration::of(job.source, job.calibration, n_ff)?;
        fit(base, &text, job)?;
        return Ok(text);
    }
    let n_needed = if job.prune.quick { 1 } else { n_ff };
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
