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

use super::base::Base;
use super::calibration::Calibration;
use super::error::PruneError;
use super::judge::Judge;
use super::stream::Stream;
use super::{Job, memory};
use crate::domain::pruning::{CurvePoint, PruningProgress};
use crate::engine::Block;

/// How many blocks are tried.
#[derive(Debug, Clone, Copy)]
struct Breadth {
    /// In the first step.
    first: usize,
    /// In each further one.
    further: usize,
}

impl Breadth {
    const USUAL: Self = Self {
        first: 12,
        further: 4,
    };
    const QUICK: Self = Self {
        first: 8,
        further: 3,
    };

    /// Tries of so many steps.
    fn tries(self, n_steps: u32) -> u32 {
        match n_steps {
            0 => 0,
            n => (self.first + self.further * (n as usize - 1)) as u32,
        }
    }
}

/// What a search found.
pub(super) struct Found {
    /// The blocks to remove, in the order in which they went.
    pub(super) removed: Vec<u32>,
    /// Perplexity before the first and after each.
    pub(super) curve: Vec<CurvePoint>,
    /// Tokens that were read.
    pub(super) n_tokens: usize,
    /// Perplexity over that of the whole model, had the next block gone that would
    /// have cost more than the budget; none: the search was not ended by it.
    pub(super) refused: Option<f64>,
}

/// Searches for `n_remove` blocks, not all there are.
pub(super) fn search(
    base: &mut Base,
    text: &Calibration,
    n_remove: u32,
    job: &Job<'_>,
    on_progress: &mut dyn FnMut(PruningProgress),
) -> Result<Found, PruneError> {
    if let Some(found) = known(text, n_remove, job) {
        return Ok(found);
    }
    memory::fit_search(base, text.n_tokens(), job)?;
    let mut models = Vec::new();
    let n_blocks = base.shape.n_blocks();
    let mut n_done = 0;
    let mut on_whole = || {
        n_done += 1;
        on_progress(PruningProgress::Whole {
            done: n_done,
            of: 2 * n_blocks,
        });
    };
    for layer in 0..n_blocks {
        models.push(base.block(layer, job.scratch)?);
        on_whole();
    }
    let head = base.head(job.scratch)?;
    let mut blocks = Vec::new();
    for model in &models {
        let block = Block::new(model, job.calibration.n_ctx, job.n_threads)?;
        blocks.push(Some(block));
    }
    let n_embd = base.shape.n_embd;
    let breadth = match job.prune.quick {
        true => Breadth::QUICK,
        false => Breadth::USUAL,
    };
    let mut search = Search {
        breadth,
        influence: vec![f64::INFINITY; blocks.len()],
        costs: vec![None; blocks.len()],
        blocks,
        start: Stream::new(base.embeddings(text)?, n_embd, job.calibration.n_ctx),
        judge: Judge::new(base, &head, text, job)?,
    };
    let weights: Vec<u64> = base
        .shape
        .blocks
        .iter()
        .map(|block| block.weights)
        .collect();
    let share = |removed: &[u32]| {
        let gone: u64 = removed.iter().map(|layer| weights[*layer as usize]).sum();
        gone as f64 / weights.iter().sum::<u64>().max(1) as f64
    };
    let whole = search.try_from(search.start.clone(), 0, &mut on_whole)?;
    let mut found = Found {
        removed: Vec::new(),
        curve: vec![CurvePoint {
            removed_layer: None,
            removed_share: 0.0,
            perplexity: whole.loss.exp(),
        }],
        n_tokens: text.n_tokens(),
        refused: None,
    };
    search.learn(whole.influence);
    let of = breadth.tries(n_remove);
    let mut loss = whole.loss;
    for step in 0..n_remove {
        let mut done = breadth.tries(step);
        let point = found.curve.last().copied();
        // After each block, too: a try takes long in a large model.
        let mut on_block = |is_tried: bool| {
            done += u32::from(is_tried);
            if let Some(point) = point {
                on_progress(PruningProgress::Search { done, of, point });
            }
        };
        let Some((layer, without)) = search.step(loss, &mut on_block)? else {
            break;
        };
        let ratio = (without.loss - whole.loss).exp();
        if let Some(budget) = job.prune.loss_budget
            && ratio > budget.ratio()
        {
            found.refused = Some(ratio);
            if let Some(point) = point {
                let done = of;
                on_progress(PruningProgress::Search { done, of, point });
            }
            break;
        }
        loss = without.loss;
        search.blocks[layer] = None;
        search.learn(without.influence);
        found.removed.push(layer as u32);
        let point = CurvePoint {
            removed_layer: Some(layer as u32),
            removed_share: share(&found.removed),
            perplexity: without.loss.exp(),
        };
        found.curve.push(point);
        // Where fewer blocks were left to try, the tries count as done.
        let done = breadth.tries(step + 1);
        on_progress(PruningProgress::Search { done, of, point });
    }
    Ok(found)
}

/// What an earlier search found: one for more blocks begins as this one would.
fn known(text: &Calibration, n_remove: u32, job: &Job<'_>) -> Option<Found> {
    let is_to_be_reached = job.prune.loss_budget.is_none();
    let curve = job.searched.get(..=n_remove as usize);
    let curve = curve.filter(|_| is_to_be_reached)?;
    Some(Found {
        removed: curve
            .iter()
            .filter_map(|point| point.removed_layer)
            .collect(),
        curve: curve.to_vec(),
        n_tokens: text.n_tokens(),
        refused: None,
    })
}

struct Search<'a> {
    breadth: Breadth,
    /// Every block; none: removed.
    blocks: Vec<Option<Block<'a>>>,
    /// How much each changes the stream.
    influence: Vec<f64>,
    /// How much the loss grew without each, when it was last tried.
    costs: Vec<Option<f64>>,
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
                self.costs[layer] = Some(tried.loss - loss);
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
            alive.partition(|layer| self.costs[*layer].is_some());
        let n = match tried.is_empty() {
            true => self.breadth.first,
            false => self.breadth.further,
        };
        let cost = |layer: &usize| self.costs[*layer].unwrap_or(f64::INFINITY);
        tried.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        tried.truncate(self.breadth.further - 1);
        new.sort_by(|a, b| self.influence[*a].total_cmp(&self.influence[*b]));
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

    fn learn(&mut self, influence: Vec<(usize, f64)>) {
        for (layer, influence) in influence {
            self.influence[layer] = influence;
        }
    }
}
