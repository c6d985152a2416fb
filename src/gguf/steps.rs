//! The steps in which a model can be cut, and the nearest to a ratio.

use super::NotPrunable;
use super::shape::ModelShape;
use crate::domain::pruning::{Prune, PruningRatio};

/// How far from the request it may be: one point.
const TOLERANCE: f64 = 0.01;
/// Neurons that stay come in this many where that is near enough: the blocks of
/// the K-quants.
const BEST_MULTIPLE: u32 = 256;
/// Else in this many: the blocks of all other types.
const LEAST_MULTIPLE: u32 = 32;
/// Groups of heads go where this share of the blocks that stay is to go, or more. Measured
/// on the demo model, on 10 chunks. At 50 %: without one group of three and with 683 of 1,536
/// neurons its perplexity was 2.33 times (2.12 to 2.57) the dense one, with all heads and
/// 512 neurons 2.54 times. At 30 % it is the other way round: 1.76 times without a group
/// and with 1,088 neurons, 1.58 times with all heads and 928. Not measured in between.
const GROUPS_FROM: f64 = 0.45;
/// So that rounding decides nothing: a point is a point.
const ROUNDING: f64 = 1e-10;

/// A part of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// Whole blocks.
    pub(super) n_blocks_removed: u32,
    /// Neurons that stay in each of the others.
    pub(super) n_ff: u32,
    /// Groups of heads that go from each of the others.
    pub(super) n_groups_removed: u32,
}

impl Share {
    /// Of so many blocks, and nothing of the others.
    fn of_blocks(shape: &ModelShape, n_blocks_removed: u32) -> Self {
        Self {
            n_blocks_removed,
            n_ff: shape.n_ff,
            n_groups_removed: 0,
        }
    }

    /// The matrix weights that go; blocks of one model are alike in these.
    pub(super) fn removed(self, shape: &ModelShape) -> u64 {
        let n_blocks = self.n_blocks_removed as usize;
        let blocks: u64 = shape.blocks[..n_blocks].iter().map(|b| b.weights).sum();
        let n_kept = shape.blocks.len() as u64 - n_blocks as u64;
        let neurons = u64::from(shape.n_ff - self.n_ff) * shape.neuron_weights();
        let groups = u64::from(self.n_groups_removed) * shape.group_weights();
        blocks + n_kept * (neurons + groups)
    }

    fn ratio(self, shape: &ModelShape) -> f64 {
        self.removed(shape) as f64 / shape.block_weights() as f64
    }

    /// Whether it is as near to what was asked for as is promised.
    fn is_near(self, shape: &ModelShape, ratio: PruningRatio) -> bool {
        (self.ratio(shape) - ratio.share()).abs() <= TOLERANCE + ROUNDING
    }
}

/// Fewer neurons in every block, and from a large ratio on fewer heads.
pub(super) fn width(shape: &ModelShape, prune: Prune) -> Result<Share, NotPrunable> {
    mixture(shape, 0, prune.ratio).ok_or_else(|| too_coarse(shape, prune))
}

/// Whole blocks. Where no number of them is near enough, as many as fit below, and the
/// rest as neurons of the others; of these nothing where a budget may end the search
/// before, since the ratio is the most that goes then.
pub(super) fn depth(shape: &ModelShape, prune: Prune) -> Result<Share, NotPrunable> {
    let n_blocks = shape.n_blocks();
    let wanted = prune.ratio.share() * f64::from(n_blocks);
    let is_number = |n: &u32| (1..n_blocks).contains(n);
    let blocks = |n: f64| Some(n as u32).filter(is_number);
    let nearest = blocks(wanted.round()).map(|n| Share::of_blocks(shape, n));
    let below = || match prune.loss_budget {
        Some(_) => Some(Share::of_blocks(shape, blocks(wanted.floor())?)),
        None => mixture(shape, blocks(wanted.floor())?, prune.ratio),
    };
    let nearest = nearest.filter(|share| share.is_near(shape, prune.ratio));
    nearest.or_else(below).ok_or_else(|| {
        let all = (1..n_blocks).map(|n| Share::of_blocks(shape, n));
        NotPrunable::Ratio {
            ratio: prune.ratio,
            method: prune.method,
            step: format!(
                "it has {n_blocks} blocks, and each is {:.1} % of their weights",
                100.0 / f64::from(n_blocks)
            ),
            instead: instead(shape, prune.ratio, all.collect()),
        }
    })
}

/// Every number of blocks, with as much of the others as is left to remove: what width
/// does among them, and what depth does.
pub(super) fn mixtures(shape: &ModelShape, prune: Prune) -> Result<Vec<Share>, NotPrunable> {
    let with_blocks = |n_blocks_removed| mixture(shape, n_blocks_removed, prune.ratio);
    let ways: Vec<Share> = (0..shape.n_blocks()).filter_map(with_blocks).collect();
    match ways.is_empty() {
        false => Ok(ways),
        true => Err(too_coarse(shape, prune)),
    }
}

/// So many blocks, and nothing else where that is near enough; else as many neurons of
/// the others, and where much is to go groups of heads, as are left to remove.
fn mixture(shape: &ModelShape, n_blocks_removed: u32, ratio: PruningRatio) -> Option<Share> {
    let blocks_alone = Share::of_blocks(shape, n_blocks_removed);
    if blocks_alone.is_near(shape, ratio) {
        return Some(blocks_alone);
    }
    let with_groups = |n_groups_removed: u32| Share {
        n_groups_removed,
        ..blocks_alone
    };
    // Fewer groups where so many are not possible.
    let mut ways = (0..=groups_at(shape, blocks_alone, ratio)).rev();
    ways.find_map(|n_groups| narrowed(shape, with_groups(n_groups), ratio))
}

/// How many groups of heads go from each block that stays when these are gone: none
/// where little is left to remove, else so many that about the same share of neurons goes
/// as of groups; a half goes to the neurons.
fn groups_at(shape: &ModelShape, gone: Share, ratio: PruningRatio) -> u32 {
    let all = shape.block_weights() as f64;
    let removed = gone.removed(shape) as f64;
    let share = (ratio.share() * all - removed) / (all - removed);
    let is_repaired = shape.neurons_together() == 1;
    match shape.heads {
        Some(heads) if is_repaired && share >= GROUPS_FROM - ROUNDING => {
            let n = (share * f64::from(heads.n_groups) - 0.5 - ROUNDING).ceil();
            // One group stays at least.
            (n as u32).min(heads.n_groups - 1)
        }
        _ => 0,
    }
}

/// Why neurons are too few or too large a part to come near to the ratio.
fn too_coarse(shape: &ModelShape, prune: Prune) -> NotPrunable {
    NotPrunable::Ratio {
        ratio: prune.ratio,
        method: prune.method,
        step: width_step(shape),
        instead: instead(shape, prune.ratio, widths_near(shape, prune.ratio)),
    }
}

/// The neurons that stay when these blocks and heads are gone, if some number is
/// near enough.
fn narrowed(shape: &ModelShape, gone: Share, ratio: PruningRatio) -> Option<Share> {
    let share = |n_ff: u32| Share { n_ff, ..gone };
    let wanted = ratio.share() * shape.block_weights() as f64 - gone.removed(shape) as f64;
    let n_kept = f64::from(shape.n_blocks() - gone.n_blocks_removed);
    let fewer = wanted / (n_kept * shape.neuron_weights() as f64);
    let stay = f64::from(shape.n_ff) - fewer;
    let nearest = |multiple: u32| {
        let n_ff = (stay / f64::from(multiple)).round() * f64::from(multiple);
        let is_fewer = f64::from(LEAST_MULTIPLE) <= n_ff && n_ff < f64::from(shape.n_ff);
        let nearest = is_fewer.then(|| share(n_ff as u32))?;
        nearest.is_near(shape, ratio).then_some(nearest)
    };
    multiples(shape).into_iter().find_map(nearest)
}

/// What the neurons that stay are a multiple of, the best first.
fn multiples(shape: &ModelShape) -> [u32; 2] {
    let least = shape.neurons_together().max(LEAST_MULTIPLE);
    [BEST_MULTIPLE.max(least), least]
}

/// The widths around the one that was asked for, and the narrowest.
fn widths_near(shape: &ModelShape, ratio: PruningRatio) -> Vec<Share> {
    let [_, least] = multiples(shape);
    let per_neuron = shape.neuron_weights() as f64 * f64::from(shape.n_blocks());
    let fewer = ratio.share() * shape.block_weights() as f64 / per_neuron;
    // The cast takes what is negative for 0.
    let n = (f64::from(shape.n_ff) - fewer) as u32 / least;
    let is_fewer = |n_ff: &u32| (least..shape.n_ff).contains(n_ff);
    [1, n, n.saturating_add(1)]
        .map(|n| n.saturating_mul(least))
        .into_iter()
        .filter(is_fewer)
        .map(|n_ff| Share {
            n_ff,
            ..Share::of_blocks(shape, 0)
        })
        .collect()
}

fn width_step(shape: &ModelShape) -> String {
    let [_, least] = multiples(shape);
    let per_neuron =
        shape.neuron_weights() as f64 * f64::from(shape.n_blocks()) / shape.block_weights() as f64;
    let all = per_neuron * f64::from(shape.n_ff) * 100.0;
    let step = per_neuron * f64::from(least) * 100.0;
    format!(
        "its feed-forward networks hold {all:.1} % of the blocks' weights, and {least} neurons of each, the least that can go, are {step:.1} %"
    )
}

/// The nearest ratios that are possible.
fn instead(shape: &ModelShape, ratio: PruningRatio, mut all: Vec<Share>) -> String {
    all.retain(|share| PruningRatio::RANGE.contains(&share.ratio(shape)));
    let ratios = || all.iter().map(|share| share.ratio(shape));
    let less = ratios().filter(|r| *r < ratio.share()).reduce(f64::max);
    let more = ratios().filter(|r| *r > ratio.share()).reduce(f64::min);
    let named: Vec<String> = [less, more]
        .into_iter()
        .flatten()
        .map(|ratio| format!("{:.1} %", ratio * 100.0))
        .collect();
    let finer = match shape.neurons_together() {
        0..=1 => "",
        _ => {
            ". It is quantized, which keeps neurons together: let it be upcast to F16 first (\"upcast\": true, --upcast, or whittle upcast FILE NEW.gguf), and they go one by one"
        }
    };
    match named.is_empty() {
        true => format!("Quantize it instead{finer}"),
        false => format!("Ask for {}, or quantize it{finer}", named.join(" or ")),
    }
}
