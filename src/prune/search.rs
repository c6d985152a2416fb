//! Which blocks cost least to remove: greedily by measured loss, as SLEB (Song
//! and others 2024) and BlockPruner (Zhong and others 2024) do it.
//!
//! The first step tries the blocks of the least influence (1 - the mean cosine
//! between the residual stream before and after: Men and others 2024), each
//! further one those that cost least when they were last tried and one that was
//! not, and removes the one without which the text is most likely. Influence alone
//! can be far off, and trying every block in every step takes an hour where this
//! takes minutes. The text is short for the same reason: 4,096 tokens, half of them
//! scored, all paired. For r blocks that are 12 + 4 (r - 1) tries, each of which
//! goes through the blocks behind the one that is tried. Where it is to be quick, that
//! are 2,048 tokens and 8 + 3 (r - 1) tries.
//!
//! What is known after each step is told: a later search goes on from there, as if the
//! earlier had never ended.

use super::base::Base;
use super::calibration::{Calibration, CalibrationOptions};
use super::error::PruneError;
use super::found::Found;
use super::judge::Judge;
use super::stream::Stream;
use super::{Job, memory};
use crate::domain::pruning::{BlockSearch, Breadth, CurvePoint, PruningProgress, Wish};
use crate::engine::Block;

/// Searches for `n_remove` blocks, not all there are, from where an earlier search
/// has come to.
pub(super) fn search(
    base: &mut Base,
    n_remove: u32,
    job: &Job<'_>,
    on_progress: &mut dyn FnMut(PruningProgress),
) -> Result<Found, PruneError> {
    let text = searched(job)?;
    let wish = Wish {
        n_remove,
        budget: job.prune.loss_budget,
    };
    let n_blocks = base.shape.n_blocks();
    let mut known = match job.searched.is_of(n_blocks) {
        true => job.searched.clone(),
        false => BlockSearch::begin(n_blocks),
    };
    let n_known = known.n_known();
    match wish.is_met(&known.curve) {
        true => on_progress(PruningProgress::Known),
        false => go_on(base, &text, (&mut known, wish), job, on_progress)?,
    }
    Ok(Found::of(&known, wish, n_known, text.n_tokens()))
}

/// The text to search on: the same by every method and however much is to go, so that
/// a search for more blocks begins as one for fewer.
fn searched(job: &Job<'_>) -> Result<Calibration, PruneError> {
    let options = CalibrationOptions {
        n_chunks: job.prune.search_chunks().min(job.calibration.n_chunks),
        ..job.calibration
    };
    Calibration::of(job.source, options, 1)
}

/// Searches until the wish is met, or no block is left that may go.
fn go_on(
    base: &mut Base,
    text: &Calibration,
    (known, wish): (&mut BlockSearch, Wish),
    job: &Job<'_>,
    on_progress: &mut dyn FnMut(PruningProgress),
) -> Result<(), PruneError> {
    memory::fit_search(base, text.n_tokens(), job)?;
    let n_blocks = base.shape.n_blocks();
    let is_new = known.curve.is_empty();
    let mut n_done = 0;
    let mut on_whole = || {
        n_done += 1;
        on_progress(PruningProgress::Whole {
            done: n_done,
            // The text goes through them only where nothing is known.
            of: n_blocks * if is_new { 2 } else { 1 },
        });
    };
    let mut models = Vec::new();
    for layer in 0..n_blocks {
        let stays = known.removed().all(|gone| gone != layer);
        let model = stays.then(|| base.block(layer, job.scratch));
        models.push(model.transpose()?);
        on_whole();
    }
    let head = base.head(job.scratch)?;
    let mut blocks = Vec::new();
    for model in &models {
        let block = |model| Block::new(model, job.calibration.n_ctx, job.n_threads);
        blocks.push(model.as_ref().map(block).transpose()?);
    }
    let n_embd = base.shape.n_embd;
    let breadth = Breadth::of(job.prune.quick);
    let mut search = Search {
        breadth,
        known,
        blocks,
        weights: base
            .shape
            .blocks
            .iter()
            .map(|block| block.weights)
            .collect(),
        start: Stream::new(base.embeddings(text)?, n_embd, job.calibration.n_ctx),
        judge: Judge::new(base, &head, text, job)?,
    };
    if is_new {
        let whole = search.try_from(search.start.clone(), 0, &mut on_whole)?;
        search.learn(None, whole);
        (job.on_searched)(search.known);
    }
    // Those of an earlier search took none of this one's time.
    let n_earlier = breadth.tries(search.known.n_known());
    let tries = |n_steps| breadth.tries(n_steps) - n_earlier;
    let of = tries(wish.n_remove);
    while !wish.is_met(&search.known.curve) {
        let Some(last) = search.known.curve.last().copied() else {
            break;
        };
        let step = search.known.n_known();
        let mut done = tries(step);
        // After each block, too: a try takes long in a large model.
        let mut on_block = |is_tried: bool| {
            done += u32::from(is_tried);
            on_progress(PruningProgress::Search {
                done,
                of,
                point: last,
            });
        };
        let Some((layer, without)) = search.step(last.perplexity.ln(), &mut on_block)? else {
            break;
        };
        let point = search.learn(Some(layer), without);
        (job.on_searched)(search.known);
        let (done, point) = match wish.refused(&search.known.curve) {
            // What would cost too much stays, and the search is over.
            Some(_) => (of, last),
            // Where fewer blocks were left to try, the tries count as done.
            None => (tries(step + 1), point),
        };
        on_progress(PruningProgress::Search { done, of, point });
    }
    Ok(())
}

struct Search<'a> {
    breadth: Breadth,
    /// What is known so far.
    known: &'a mut BlockSearch,
    /// Every block; none: removed.
    blocks: Vec<Option<Block<'a>>>,
    /// Matrix weights of each block.
    weights: Vec<u64>,
    /// The text before the first block.
    start: Stream,
    judge: Judge<'a>,
}

/// What came of a try.
struct Tried {
    /// Mean negative log likelihood, nats.
    loss: f64,
    /// Of the blocks that it went through.
    influence: Vec<(usize, f64)>,
}

impl Search<'_> {
    /// The block that costs least, and the model without it; none: there is no
    /// block left that may go. Tells each block that the text went through, and
    /// whether that ended a try.
    fn step(
        &mut self,
        loss: f64,
        on_block: &mut dyn FnMut(bool),
    ) -> Result<Option<(usize, Tried)>, PruneError> {
        let candidates = self.candidates();
        let mut best: Option<(usize, Tried)> = None;
        let mut stream = self.start.clone();
        let until = candidates.iter().copied().max().unwrap_or(0);
        for layer in 0..=until {
            if candidates.contains(&layer) {
                let tried = self.try_from(stream.clone(), layer + 1, &mut || on_block(false))?;
                self.known.costs[layer] = Some(tried.loss - loss);
                on_block(true);
                let is_better = |best: &(usize, Tried)| tried.loss < best.1.loss;
                if best.as_ref().is_none_or(is_better) {
                    best = Some((layer, tried));
                }
            }
            if let Some(block) = &mut self.blocks[layer] {
                stream.advance(block)?;
                on_block(false);
            }
        }
        Ok(best)
    }

    /// The blocks to try next.
    fn candidates(&self) -> Vec<usize> {
        let alive = (0..self.blocks.len()).filter(|layer| self.blocks[*layer].is_some());
        let (mut tried, mut new): (Vec<usize>, Vec<usize>) =
            alive.partition(|layer| self.known.costs[*layer].is_some());
        let n = match tried.is_empty() {
            true => self.breadth.first,
            false => self.breadth.further,
        };
        let cost = |layer: &usize| self.known.costs[*layer].unwrap_or(f64::INFINITY);
        tried.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        tried.truncate(self.breadth.further - 1);
        let influence = |layer: &usize| self.known.influence[*layer].unwrap_or(f64::INFINITY);
        new.sort_by(|a, b| influence(a).total_cmp(&influence(b)));
        new.truncate(n - tried.len());
        tried.extend(new);
        tried
    }

    /// Carries a stream through the blocks from `first` on to the loss.
    fn try_from(
        &mut self,
        mut stream: Stream,
        first: usize,
        on_block: &mut dyn FnMut(),
    ) -> Result<Tried, PruneError> {
        let mut influence = Vec::new();
        for (layer, block) in self.blocks.iter_mut().enumerate().skip(first) {
            if let Some(block) = block {
                influence.push((layer, stream.advance_measuring(block)?));
                on_block();
            }
        }
        Ok(Tried {
            loss: self.judge.loss(stream)?,
            influence,
        })
    }

    /// Takes in what came of a try that counts: with all blocks that were left, or
    /// without one of them, which is gone from now on.
    fn learn(&mut self, gone: Option<usize>, tried: Tried) -> CurvePoint {
        for (layer, influence) in tried.influence {
            self.known.influence[layer] = Some(influence);
        }
        if let Some(layer) = gone {
            self.blocks[layer] = None;
        }
        let pairs = self.weights.iter().zip(&self.blocks);
        let removed: u64 = pairs
            .filter(|(_, block)| block.is_none())
            .map(|(weights, _)| weights)
            .sum();
        let all: u64 = self.weights.iter().sum();
        let point = CurvePoint {
            removed_layer: gone.map(|layer| layer as u32),
            removed_share: removed as f64 / all.max(1) as f64,
            perplexity: tried.loss.exp(),
        };
        self.known.curve.push(point);
        point
    }
}
