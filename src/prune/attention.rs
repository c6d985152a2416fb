//! Attention's output matrix, refitted where the stream before it is another: what
//! the residual stream lacks is made good twice in each block.

use super::activations::{Columns, Weights};
use super::base::tensor;
use super::error::PruneError;
use super::layer::Layers;
use super::matrix;
use super::refit::refit;
use super::replaced::Replaced;
use super::rounded::rounded;
use crate::engine::Block;
use crate::gguf::block_tensor;

/// The matrix.
pub(super) const OUTPUT: &str = "attn_output.weight";

impl Layers<'_> {
    /// The matrix, refitted to the results of the heads so that the stream behind
    /// attention comes near `middle`, that of the model as it was; none where it is
    /// quantized, and stays. Also whether the ridge had to be raised.
    pub(super) fn refit_attention(
        &mut self,
        layer: u32,
        block: &mut Block<'_>,
        middle: &Columns,
    ) -> Result<Option<(Replaced, bool)>, PruneError> {
        let kind = tensor(&self.base.document, &block_tensor(layer, OUTPUT))?.kind();
        if kind.is_quantized() {
            return Ok(None);
        }
        let weights = Weights::relative_to(middle);
        let old = self.base.matrix(layer, OUTPUT)?;
        let mut heads = self.pruned.heads(block, old.nrows())?;
        let mut target = self.pruned.lack(middle);
        if let Some(bias) = self.base.vector(layer, "attn_output.bias")? {
            target.subtract(&bias);
        }
        heads.centre(false, &weights);
        target.centre(false, &weights);
        let both = (heads.as_mat(), target.as_mat());
        let prior = matrix::widened(old.as_ref());
        let refitted = refit(both, heads.moments(self.par), (&prior, &prior), self.par)?;
        let (rows, _) = rounded(kind.id(), &refitted.weights)?;
        let replaced = Replaced {
            part: OUTPUT,
            n_rows: old.ncols() as u64,
            rows,
        };
        Ok(Some((replaced, refitted.is_raised)))
    }
}
