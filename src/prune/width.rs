//! Fewer neurons in every feed-forward network, and where much is to go fewer heads.

use super::base::Base;
use super::calibration::Calibration;
use super::error::PruneError;
use super::rebuild::{Stays, fit, rebuild};
use super::{Decided, Job, choice};
use crate::domain::pruning::PruningProgress;
use crate::gguf::PruningPlan;

/// Decides which neurons and heads stay, and what they say.
pub(super) fn by_width(
    base: &mut Base,
    plan: &PruningPlan,
    job: &Job<'_>,
    on_progress: &mut dyn FnMut(PruningProgress),
) -> Result<Decided, PruneError> {
    let text = Calibration::of(job.source, job.calibration, base.shape.n_ff as usize)?;
    fit(base, &text, job)?;
    let stays = Stays::of(base, plan, &plan.first(), &[]);
    let wanted = (&stays, choice(plan, job));
    Ok(Decided {
        rebuilt: rebuild(base, &text, wanted, None, job, on_progress)?,
        stays,
        curve: Vec::new(),
        blocks_known: 0,
        n_tokens: text.n_tokens(),
        n_searched: 0,
        not_refitted: plan.not_refitted(&base.shape, text.n_tokens() as u64),
    })
}
