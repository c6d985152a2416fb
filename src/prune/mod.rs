//! Cuts a model down: chooses what costs least, repairs what it can in closed
//! form, and writes the file. Runs in a worker process alone, block by block,
//! so that no more than a block of the model is in memory, but for a search.

mod activations;
mod attention;
mod auto;
mod base;
mod calibration;
mod cheapest;
mod columns;
mod conversation;
mod depth;
mod error;
mod fitted;
mod found;
mod groups;
mod judge;
mod layer;
mod matrix;
mod memory;
mod narrowed;
mod rebuild;
mod refit;
mod report;
mod rounded;
mod search;
mod see;
mod stream;
mod surgeon;
mod width;
#[cfg(test)]
mod written_tests;
mod yardsticks;

use std::fs;
use std::path::Path;
use std::time::Instant;

use auto::by_auto;
use base::Base;
use depth::by_depth;
use layer::Choice;
use rebuild::{Rebuilt, Stays};
use report::Found;
use width::by_width;

pub(crate) use calibration::CalibrationOptions;
pub(crate) use error::PruneError;

use crate::domain::not_refitted::NotRefitted;
use crate::domain::protocol::Yardstick;
use crate::domain::pruned_labels::Origin;
use crate::domain::pruning::{
    BlockSearch, CurvePoint, Prune, PruningCut, PruningMethod, PruningProgress,
};
use crate::gguf::{PruningPlan, plan_pruning, pruned};

/// What is to be done.
pub(crate) struct Job<'a> {
    /// The model to read.
    pub(crate) source: &'a Path,
    /// The file to write.
    pub(crate) target: &'a Path,
    /// An empty folder for what is needed meanwhile.
    pub(crate) scratch: &'a Path,
    /// What is removed, and how much.
    pub(crate) prune: Prune,
    /// What an earlier search for blocks of the same model and text found.
    pub(crate) searched: &'a BlockSearch,
    /// Is told what is known after each step of a search.
    pub(crate) on_searched: &'a dyn Fn(&BlockSearch),
    /// What it is chosen by; none: as Whittle does.
    pub(crate) yardstick: Option<Yardstick>,
    /// The text that activations are collected on.
    pub(crate) calibration: CalibrationOptions<'a>,
    /// Threads.
    pub(crate) n_threads: u32,
    /// Most private memory, bytes; none: as much as it takes.
    pub(crate) memory_bytes: Option<u64>,
    /// What the new file says that it was made of.
    pub(crate) origin: &'a Origin,
}

/// Prunes, and writes the file whole or not at all.
pub(crate) fn prune(
    job: &Job<'_>,
    on_progress: &mut dyn FnMut(PruningProgress),
) -> Result<PruningCut, PruneError> {
    let start = Instant::now();
    let made = make(job, on_progress);
    if made.is_err() {
        // It may not have been made.
        let _ = fs::remove_file(job.target);
    }
    Ok(PruningCut {
        prune_s: start.elapsed().as_secs_f64(),
        ..made?
    })
}

/// What is to be done to a model, and what was looked at to find that.
struct Decided {
    rebuilt: Rebuilt,
    stays: Stays,
    /// Of a search.
    curve: Vec<CurvePoint>,
    /// How many of its blocks were known before.
    blocks_known: u32,
    /// Tokens that neurons were chosen by, and that what stays was refitted on.
    n_tokens: usize,
    /// Tokens that blocks were searched for on; 0: none were.
    n_searched: usize,
    /// Why what stays was not refitted, if it was not.
    not_refitted: Option<NotRefitted>,
}

fn make(
    job: &Job<'_>,
    on_progress: &mut dyn FnMut(PruningProgress),
) -> Result<PruningCut, PruneError> {
    let mut base = Base::open(job.source)?;
    if job.yardstick.is_some() {
        // Others choose neurons or blocks alone.
        base.shape.heads = None;
    }
    let plan = plan_pruning(&base.shape, job.prune)?;
    let decided = match job.prune.method {
        PruningMethod::Width => by_width(&mut base, &plan, job, on_progress)?,
        PruningMethod::Depth => by_depth(&mut base, &plan, job, on_progress)?,
        PruningMethod::Auto => by_auto(&mut base, &plan, job, on_progress)?,
    };
    let layers = report::layers(&base.shape, &decided.stays);
    let len = base.len;
    let (document, shape, source) = base.parts();
    let mut rewrite = pruned(document, shape, decided.rebuilt.cuts)?;
    let achieved = report::achieved(&layers);
    rewrite.label(
        &job.origin.name(job.prune, achieved),
        &job.origin.texts(job.prune, achieved),
    );
    base::write(&rewrite, source, job.target, |tensor, n_tensors| {
        on_progress(PruningProgress::Write { tensor, n_tensors });
    })?;
    let found = Found {
        n_tokens: decided.n_tokens,
        n_searched: decided.n_searched,
        curve: decided.curve,
        blocks_known: decided.blocks_known,
        singular_layers: decided.rebuilt.singular,
        not_refitted: decided.not_refitted,
    };
    Ok(report::cut(&rewrite, (document, len), layers, found))
}

/// How neurons are chosen where some go.
fn choice(plan: &PruningPlan, job: &Job<'_>) -> Choice {
    match (job.yardstick, plan.neurons_together) {
        (Some(Yardstick::Neurons(score)), _) => Choice::Yardstick(score),
        (Some(Yardstick::Blocks) | None, 0..=1) => Choice::Surgeon,
        (Some(Yardstick::Blocks) | None, together) => Choice::Together(together as usize),
    }
}
