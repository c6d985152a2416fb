//! Blocks and neurons both, and where much is to go heads: as much of each as costs least.
//! The order of blocks is searched for once, as by depth; then models without none, all
//! that it takes, one, two of them and so on, and with as much less of the others as is left
//! to remove, are rebuilt on a part of the text and judged by another, until that gets
//! worse. So what is chosen is, by that measure, no worse than what width removes, and no
//! worse than what depth does.

use super::base::Base;
use super::calibration::Calibration;
use super::cheapest::{cheapest, in_order_of_trial};
use super::error::PruneError;
use super::judge::Judge;
use super::rebuild::{Stays, fit, rebuild};
use super::search::search;
use super::{Decided, Job, choice};
use crate::domain::pruning::PruningProgress;
use crate::gguf::{PruningPlan, Way};

/// Chunks of the calibration text that a trial is rebuilt on.
const TRIAL_CHUNKS: usize = 16;

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
    let ways = in_order_of_trial(plan.ways.clone());
    let most = ways.iter().map(|way| way.n_blocks_removed).max();
    let found = search(base, most.unwrap_or(0), job, on_progress)?;
    let stays = |way: &Way| {
        let removed = found.removed.get(..way.n_blocks_removed as usize);
        Stays::of(base, plan, way, removed.unwrap_or_default())
    };
    let mut mixtures: Vec<Stays> = ways.iter().map(stays).collect();
    let whole = Stays::without(base, &[]);
    let head = base.head(job.scratch)?;
    let mut judge = Judge::new(base, &head, &judged, job)?;
    let of = ways.len() as u32;
    let mut loss_of = |stays: &Stays, text: &Calibration, done: u32| {
        // Its layers are told as this trial, again and again: it takes long.
        let mut still_at_it = |_: PruningProgress| {
            on_progress(PruningProgress::Trial { done, of });
        };
        let wanted = (stays, choice(plan, job));
        let rebuilt = rebuild(base, text, wanted, Some(&judged), job, &mut still_at_it)?;
        // It was given, and so it comes out.
        let stream = rebuilt.judged.ok_or(PruneError::NotFinite)?;
        judge.loss(stream)
    };
    // There is nothing to refit, and so nothing to read for that.
    let loss_before = loss_of(&whole, &text.spread(0), 0)?;
    let best = cheapest(&ways, loss_before, |place| {
        loss_of(&mixtures[place], &trial, place as u32)
    })?;
    drop(judge);
    drop(head);
    let stays = mixtures.swap_remove(best);
    let wanted = (&stays, choice(plan, job));
    Ok(Decided {
        rebuilt: rebuild(base, &text, wanted, None, job, on_progress)?,
        stays,
        curve: found.curve,
        blocks_known: found.n_known,
        n_tokens: text.n_tokens(),
        n_searched: found.n_tokens,
        not_refitted: plan.not_refitted(&base.shape, text.n_tokens() as u64),
    })
}
