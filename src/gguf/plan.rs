//! What a pruning ratio removes from a model, before anything is measured.

use super::NotPrunable;
use super::cut::{BlockCut, pruned};
use super::document::Document;
use super::narrow::{AttentionCut, Down, Narrowing};
use super::rewrite::Content;
use super::shape::{BlockShape, ModelShape};
use super::steps::{self, Share};
use super::types::TensorType;
use crate::domain::not_refitted::NotRefitted;
use crate::domain::pruning::{Prune, PruningMethod};

/// What is to be removed from a model.
#[derive(Debug, Clone, PartialEq)]
pub struct PruningPlan {
    /// What was asked for.
    pub prune: Prune,
    /// The ways to remove that much: one by width or depth; by auto, what is
    /// measured decides between several. Never empty.
    pub ways: Vec<Way>,
    /// How many neurons can only go or stay together. Above 1, `ffn_down` is
    /// quantized: its other columns stay as they are, and nothing is refitted.
    pub neurons_together: u32,
    /// Whether `ffn_down` gets a bias, for the mean of what is removed; and where heads
    /// go `attn_output`.
    pub with_bias: bool,
}

/// One way to remove as much as was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way {
    /// How many blocks go.
    pub n_blocks_removed: u32,
    /// How many neurons stay in each of the other blocks.
    pub n_ff: u32,
    /// How many groups of heads go from each of them.
    pub n_groups_removed: u32,
    /// The share of the blocks' matrix weights that goes, 0 to 1.
    pub ratio: f64,
    /// Matrix weights of the blocks that are left.
    pub block_weights: u64,
    /// Parameters of the whole file that are left; where blocks differ and some
    /// go, as if the first went.
    pub n_params: u64,
}

/// Says what `prune` removes from a model of this shape.
///
/// # Errors
/// When nothing that llama.cpp loads is within one point of the ratio, or by depth
/// not even one block fits in; and for a budget that the method cannot keep to.
pub fn plan_pruning(shape: &ModelShape, prune: Prune) -> Result<PruningPlan, NotPrunable> {
    if !prune.keeps_to_its_budget() {
        return Err(NotPrunable::BudgetMethod {
            method: prune.method,
        });
    }
    let together = shape.neurons_together();
    let mut plan = PruningPlan {
        prune,
        ways: Vec::new(),
        neurons_together: together,
        with_bias: together == 1 && shape.family.loads_down_bias(),
    };
    let shares = match prune.method {
        PruningMethod::Width => vec![steps::width(shape, prune)?],
        PruningMethod::Depth => vec![steps::depth(shape, prune)?],
        PruningMethod::Auto => steps::mixtures(shape, prune)?,
    };
    plan.ways = shares
        .into_iter()
        .map(|share| plan.way(shape, share))
        .collect();
    Ok(plan)
}

impl PruningPlan {
    /// The first way: the only one by width and depth.
    pub fn first(&self) -> Way {
        self.ways[0]
    }

    /// Whether neurons go from blocks that stay, by one of the ways at least.
    pub fn narrows(&self, shape: &ModelShape) -> bool {
        self.ways.iter().any(|way| way.n_ff < shape.n_ff)
    }

    /// Why what stays cannot be refitted on so many tokens of text, if it cannot.
    pub fn not_refitted(&self, shape: &ModelShape, n_tokens: u64) -> Option<NotRefitted> {
        // Where neurons go, the others are refitted in any case.
        let by_blocks = self.prune.method == PruningMethod::Depth && !self.narrows(shape);
        match () {
            () if self.neurons_together > 1 => Some(NotRefitted::Quantized),
            () if by_blocks && !shape.family.adds_as_it_is() => Some(NotRefitted::Architecture),
            () if by_blocks && n_tokens < shape.n_ff.into() => Some(NotRefitted::Text),
            () => None,
        }
    }

    fn way(&self, shape: &ModelShape, share: Share) -> Way {
        let n_removed = share.n_blocks_removed as usize;
        let kept = &shape.blocks[n_removed..];
        let n_neurons = u64::from(shape.n_ff - share.n_ff);
        let n_groups = u64::from(share.n_groups_removed);
        let removed: u64 = shape.blocks[..n_removed].iter().map(|b| b.n_params).sum();
        let narrowed = |b: &BlockShape| b.neuron_params * n_neurons + b.group_params * n_groups;
        let narrowed: u64 = kept.iter().map(narrowed).sum();
        let is_new = |n: u64, has_bias: bool| u64::from(self.with_bias && n > 0 && !has_bias);
        let new = |b: &BlockShape| {
            is_new(n_neurons, b.has_down_bias) + is_new(n_groups, b.has_output_bias)
        };
        let n_new: u64 = kept.iter().map(new).sum();
        Way {
            n_blocks_removed: share.n_blocks_removed,
            n_ff: share.n_ff,
            n_groups_removed: share.n_groups_removed,
            ratio: share.removed(shape) as f64 / shape.block_weights() as f64,
            block_weights: shape.block_weights() - share.removed(shape),
            n_params: shape.n_params - removed - narrowed + n_new * u64::from(shape.n_embd),
        }
    }

    /// The size of the new file by one of the ways, to the byte, when it is
    /// labelled so; where blocks differ and some go, as if the first went.
    ///
    /// # Errors
    /// When the document and the shape are not of one model.
    pub fn size_bytes(
        &self,
        document: &Document,
        shape: &ModelShape,
        way: Way,
        name: &str,
        texts: &[(String, String)],
    ) -> Result<u64, NotPrunable> {
        // The content is never written: only its size counts.
        let refitted = |kind: TensorType| match self.with_bias {
            false => Down::Columns,
            true => Down::Refitted {
                kind,
                weights: Content::File {
                    path: std::path::PathBuf::new(),
                    offset: 0,
                },
                bias: Some(vec![0.0; shape.n_embd as usize]),
            },
        };
        let attention = |block: &BlockShape| {
            let heads = shape.heads.filter(|_| way.n_groups_removed > 0)?;
            Some(AttentionCut {
                groups: Some((way.n_groups_removed..heads.n_groups).collect()),
                output: refitted(block.output?),
            })
        };
        let narrowing = |block: &BlockShape| Narrowing {
            keep: (0..way.n_ff).collect(),
            down: refitted(block.down),
            attention: attention(block),
        };
        let cut = |(layer, block): (u32, &BlockShape)| {
            if layer < way.n_blocks_removed {
                BlockCut::Remove
            } else if way.n_ff == shape.n_ff {
                BlockCut::Keep
            } else {
                BlockCut::Narrow(narrowing(block))
            }
        };
        let cuts = (0..).zip(&shape.blocks).map(cut).collect();
        let mut rewrite = pruned(document, shape, cuts)?;
        rewrite.label(name, texts);
        Ok(rewrite.size_bytes())
    }
}

#[cfg(test)]
#[path = "plan_depth_tests.rs"]
mod depth_tests;
#[cfg(test)]
#[path = "plan_heads_tests.rs"]
mod heads_tests;
#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
