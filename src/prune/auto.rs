//! Blocks and neurons both: as much of each as costs least. The order of blocks
//! is searched for once, as by depth; then models without none, one, two of them and so on,
//! and with as many fewer neurons as are left to remove, are rebuilt on a part of
//! the text and judged by another, until that gets worse.

use super::base::Base;
use super::calibration::Calibration;
use super::error::PruneError;
use super::judge::Judge;
use super::rebuild::{Stays, fit, rebuild};
use super::search::search;
use super::{Decided, Job, choice};
use crate::domain::pruning::PruningProgress;
use crate::gguf::{PruningPlan, Way};

/// Chunks of the calibration text that a trial is rebuilt on.
const TRIAL_CHUNKS: usize = 16;
/// Trials in a row that are worse than the best so far: then it is enough.
const PATIENCE: u32 = 2;

/// Decides how many blocks and neurons stay, and what they say.
pub(super) fn by_auto(
    base: &mut Base,
    plan: &PruningPlan,
    job: &Job<'_>,
    on_progress: &mut dyn FnMut(PruningProgress),
) -> Result<Decided, PruneError> {
    let n_ff = base.shape.n_ff as usize;
    let text = Calibration::of(job.source, job.calibration, n_ff)?;
    fit(base, &text, job)?;
    let (judged, others) = text.split(job.prune.search_chunks() as usize);
    let trial = match others.spread(TRIAL_CHUNKS) {
        trial if trial.n_tokens() >= n_ff => trial,
        _ => text.spread(usize::MAX),
    };
    let mut ways = plan.ways.clone();
    ways.sort_by_key(|way| way.n_blocks_removed);
    let most = ways.last().map_or(0, |way| way.n_blocks_removed);
    let found = search(base, most, job, on_progress)?;
    let head = base.head(job.scratch)?;
    let mut judge = Judge::new(base, &head, &judged, job)?;
    let mut best: Option<(Stays, f64)> = None;
    let mut n_worse = 0;
    let of = ways.len() as u32;
    for (done, way) in (1..).zip(&ways) {
        let removed = found.removed.get(..way.n_blocks_removed as usize);
        let stays = stays(base, plan, way, removed.unwrap_or_default());
        let wanted = (&stays, choice(plan, job));
        // Its layers are told as this trial, again and again: it takes long.
        let mut still_at_it = |_: PruningProgress| {
            let done = done - 1;
            on_progress(PruningProgress::Trial { done, of });
        };
        let rebuilt = rebuild(base, &trial, wanted, Some(&judged), job, &mut still_at_it)?;
        let Some(stream) = rebuilt.judged else { break };
        let loss = judge.loss(stream)?;
        on_progress(PruningProgress::Trial { done, of });
        match &best {
            Some((_, least)) if loss >= *least => n_worse += 1,
            _ => {
                best = Some((stays, loss));
                n_worse = 0;
            }
        }
        if n_worse >= PATIENCE {
            break;
        }
    }
    drop(judge);
    drop(head);
    let stays = match best {
        Some((stays, _)) => stays,
        None => stays(base, plan, &plan.first(), &[]),
    };
    let wanted = (&stays, choice(plan, job));
    Ok(Decided {
        rebuilt: rebuild(base, &text, wanted, None, job, on_progress)?,
        stays,
        curve: found.curve,
        blocks_known: found.n_known,
        n_tokens: text.n_tokens(),
        not_refitted: plan.not_refitted(&base.shape, text.n_tokens() as u64),
    })
}

fn stays(base: &Base, plan: &PruningPlan, way: &Way, removed: &[u32]) -> Stays {
    Stays {
        n_ff: way.n_ff,
        n_groups_removed: way.n_groups_removed,
        with_bias: plan.with_bias && way.n_ff < base.shape.n_ff,
        ..Stays::without(base, removed)
    }
}
