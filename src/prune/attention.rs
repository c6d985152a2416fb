//! Attention's output matrix, refitted where the stream before it is another or where
//! heads go: what the residual stream lacks is made good twice in each block.

use super::activations::{Columns, Weights};
use super::base::tensor;
use super::error::PruneError;
use super::fitted::{choose_and_refit, times_mean};
use super::groups::operate_on_groups;
use super::layer::Layers;
use super::matrix;
use super::narrowed::{Attention, Refitted};
use super::refit::{looked_at, refit};
use super::rounded::rounded;
use super::surgeon::Operated;
use crate::engine::Block;
use crate::gguf::block_tensor;

/// The matrix.
pub(super) const OUTPUT: &str = "attn_output.weight";

/// What attention shall add, and how much tokens count.
pub(super) struct Aim {
    pub(super) target: Columns,
    pub(super) weights: Weights,
}

impl Layers<'_> {
    /// Attention with its matrix refitted to the results of the heads that stay, so that
    /// what it adds comes near its aim; none where the matrix is quantized, and stays.
    /// Also whether the ridge had to be raised.
    pub(super) fn refit_attention(
        &mut self,
        layer: u32,
        block: &mut Block<'_>,
        Aim {
            mut target,
            weights,
        }: Aim,
    ) -> Result<Option<(Attention, bool)>, PruneError> {
        let kind = tensor(&self.base.document, &block_tensor(layer, OUTPUT))?.kind();
        if kind.is_quantized() {
            return Ok(None);
        }
        let old = self.base.matrix(layer, OUTPUT)?;
        let mut results = self.pruned.heads(block, old.nrows())?;
        let narrower = self.base.shape.heads.filter(|_| self.n_groups_removed > 0);
        let gets_bias = narrower.is_some() && self.with_bias;
        if !gets_bias && let Some(bias) = self.base.vector(layer, "attn_output.bias")? {
            target.subtract(&bias);
        }
        let results_mean = results.centre(gets_bias, &weights);
        let target_mean = target.centre(gets_bias, &weights);
        let moments = results.moments(self.par);
        (self.on_part)();
        let fitted = match narrower {
            Some(heads) => {
                let width = heads.group_width() as usize;
                let n_keep = (heads.n_groups - self.n_groups_removed) as usize;
                let left = (width, n_keep);
                let choose = |moments: &_, whole| operate_on_groups(moments, whole, left, self.par);
                let both = (&mut results, &target);
                choose_and_refit(both, moments, &old, choose, self.par)?
            }
            None => {
                let prior = matrix::widened(old.as_ref());
                let both = (results.as_mat(), target.as_mat());
                let refitted = refit(
                    both,
                    moments,
                    (&prior, &looked_at(prior.as_ref())),
                    self.par,
                )?;
                Operated {
                    keep: (0..old.nrows()).collect(),
                    weights: refitted.weights,
                    is_singular: refitted.is_raised,
                }
            }
        };
        let (bytes, read) = rounded(kind.id(), &fitted.weights)?;
        let bias = gets_bias.then(|| {
            let kept_mean: Vec<f32> = fitted.keep.iter().map(|i| results_mean[*i]).collect();
            let at_mean = times_mean(&read, &kept_mean);
            let pairs = target_mean.iter().zip(&at_mean);
            pairs.map(|(mean, at_mean)| mean - at_mean).collect()
        });
        let groups = narrower.map(|heads| {
            let width = heads.group_width() as usize;
            let firsts = fitted.keep.iter().step_by(width);
            firsts.map(|input| (input / width) as u32).collect()
        });
        let attention = Attention {
            groups,
            refitted: Refitted {
                kind,
                weights: bytes,
                bias,
            },
        };
        Ok(Some((attention, fitted.is_singular)))
    }
}
