//! One layer made narrower: which neurons stay, and what they now say.

use std::ops::Range;
use std::path::Path;

use faer::{Mat, Par};

use super::activations::Statistics;
use super::base::Base;
use super::error::PruneError;
use super::fitted::{Fitted, add, times_mean, unchanged};
use super::narrowed::{Narrowed, Refitted, in_memory};
use super::rounded::rounded;
use super::see::Seen;
use super::stream::Stream;
use super::{columns, matrix};
use crate::domain::protocol::NeuronScore;
use crate::engine::Block;

/// How neurons are chosen, and what becomes of the weights of those that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// By the surgeon; the others are refitted.
    Surgeon,
    /// So many together, as a quantized model has them; the others stay as they
    /// are.
    Together(usize),
    /// As others do it.
    Yardstick(NeuronScore),
}

/// The text on its way through the blocks.
pub(super) struct Layers<'a> {
    /// The model.
    pub(super) base: &'a mut Base,
    /// For files that are needed meanwhile.
    pub(super) scratch: &'a Path,
    /// Tokens of a chunk.
    pub(super) n_ctx: u32,
    /// Threads of the engine.
    pub(super) n_threads: u32,
    /// Threads of the linear algebra.
    pub(super) par: Par,
    /// How neurons are chosen.
    pub(super) choice: Choice,
    /// Whether `ffn_down` gets a bias where it has none, and where heads go
    /// `attn_output`.
    pub(super) with_bias: bool,
    /// How many groups of heads go from each layer.
    pub(super) n_groups_removed: u32,
    /// The text in the model as it was, where that is needed.
    pub(super) dense: Option<Stream>,
    /// The text in the model as it becomes.
    pub(super) pruned: Stream,
    /// Whether the two have become different.
    pub(super) has_parted: bool,
    /// Whether whole blocks are gone: attention then makes good what they did.
    pub(super) lost_blocks: bool,
    /// Another text in the model as it becomes, where that is to be judged.
    pub(super) judged: Option<Stream>,
    /// Says that this layer goes on: one of a large model takes minutes.
    pub(super) on_part: &'a mut dyn FnMut(),
}

impl Layers<'_> {
    /// Makes a layer narrower and lets it stand for those that are gone behind it,
    /// and carries the text through.
    pub(super) fn narrow(
        &mut self,
        layer: u32,
        gone_behind: Range<u32>,
        n_keep: usize,
    ) -> Result<Narrowed, PruneError> {
        let mut seen = self.see(layer, gone_behind)?;
        (self.on_part)();
        let has_bias = self.has_bias(layer);
        let statistics = Statistics::of(&mut seen.neurons, has_bias, &seen.weights, self.par);
        (self.on_part)();
        let outgoing = self.base.matrix(layer, "ffn_down.weight")?;
        let (fitted, mean) = match self.choice {
            Choice::Surgeon => {
                let Statistics { mean, moments } = statistics;
                let fitted = self.operate(moments, (&outgoing, has_bias), &mut seen, n_keep)?;
                (fitted, mean)
            }
            Choice::Together(together) => {
                let moments = &statistics.moments.whole;
                let keep = columns::choose(moments, &outgoing, together, n_keep, self.par);
                (unchanged(keep, &outgoing, None), statistics.mean)
            }
            Choice::Yardstick(yardstick) => {
                let fitted = self.choose(layer, yardstick, &statistics, &outgoing, n_keep)?;
                (fitted, statistics.mean)
            }
        };
        drop(outgoing);
        (self.on_part)();
        // The surgeon left no others.
        seen.neurons.keep(&fitted.keep);
        let kept_mean: Vec<f32> = fitted.keep.iter().map(|i| mean[*i]).collect();
        self.finish(layer, fitted, &kept_mean, seen)
    }

    fn finish(
        &mut self,
        layer: u32,
        fitted: Fitted,
        kept_mean: &[f32],
        mut seen: Seen,
    ) -> Result<Narrowed, PruneError> {
        let kind = self.base.shape.blocks[layer as usize].down;
        let (bytes, weights) = match self.choice {
            Choice::Together(_) => (None, matrix::halved(&fitted.weights)),
            Choice::Surgeon | Choice::Yardstick(_) => {
                let (bytes, weights) = rounded(kind.id(), &fitted.weights)?;
                (Some(bytes), weights)
            }
        };
        let at_mean = times_mean(&weights, kept_mean);
        let bias = fitted.mean.map(|mean| {
            let pairs = mean.iter().zip(&at_mean);
            pairs
                .map(|(mean, at_mean)| mean - at_mean)
                .collect::<Vec<_>>()
        });
        let mut constant = at_mean;
        match &bias {
            Some(bias) => add(&mut constant, Some(bias)),
            None => {
                let old = self.base.vector(layer, "ffn_down.bias")?;
                add(&mut constant, old.as_deref());
            }
        }
        let keep: Vec<u32> = fitted.keep.iter().map(|neuron| *neuron as u32).collect();
        let narrowed = Narrowed {
            keep,
            refitted: bytes.map(|weights| Refitted {
                kind,
                weights,
                bias,
            }),
            attention: seen.attention.take(),
            is_singular: fitted.is_singular || seen.is_singular,
        };
        self.has_parted = true;
        let is_plain = self.base.is_plain();
        if is_plain {
            self.add_output(&weights, &constant, &seen);
        }
        drop(seen);
        if !is_plain || self.judged.is_some() {
            let narrowing = narrowed.narrowing(in_memory)?;
            let model = self.base.changed_block(layer, narrowing, self.scratch)?;
            let mut block = Block::new(&model, self.n_ctx, self.n_threads)?;
            if !is_plain {
                self.pruned.advance(&mut block)?;
            }
            if let Some(judged) = &mut self.judged {
                judged.advance(&mut block)?;
            }
        }
        Ok(narrowed)
    }

    /// Adds what the layer's neurons now say to the stream after attention.
    fn add_output(&mut self, weights: &Mat<f32>, constant: &[f32], seen: &Seen) {
        let neurons = seen.neurons.as_mat();
        let mut output = matrix::product(weights.as_ref().transpose(), neurons, 1.0, self.par);
        seen.weights.undo(&mut output);
        self.pruned.add(&output, constant);
    }

    /// Whether the mean of what goes has a place to go to.
    pub(super) fn has_bias(&self, layer: u32) -> bool {
        let uses_it = match self.choice {
            Choice::Surgeon | Choice::Yardstick(NeuronScore::Flap) => true,
            Choice::Together(_) | Choice::Yardstick(NeuronScore::Norm | NeuronScore::WandaSp) => {
                false
            }
        };
        let shape = &self.base.shape;
        let has_it = self.with_bias || shape.blocks[layer as usize].has_down_bias;
        uses_it && has_it && shape.family.loads_down_bias()
    }
}
