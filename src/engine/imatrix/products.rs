//! A multiplication of weights that llama.cpp has computed, and what its input
//! adds to the sums.

#![expect(unsafe_code, reason = "reads llama.cpp's tensors")]

use std::ffi::CStr;

use llama_cpp_sys_2 as sys;

use super::sums::Sums;
use crate::engine::watched::{Tensor, contents};

/// Products of fewer rows are left out, as `llama-imatrix` does.
const MIN_ROWS: i64 = 16;

/// A multiplication of weights that counts.
pub(super) struct Product<'a> {
    weights: &'a Tensor,
    input: &'a Tensor,
    /// Which experts each token was sent to.
    experts: Option<&'a Tensor>,
}

impl<'a> Product<'a> {
    /// What `node` multiplies, if it counts.
    pub(super) fn of(node: &'a Tensor) -> Option<Self> {
        let source = |i: usize| {
            // SAFETY: a source is null or a tensor of the same graph, which
            // lives as long as the node.
            unsafe { node.src[i].as_ref() }
        };
        let is_dense = node.op == sys::GGML_OP_MUL_MAT;
        if !is_dense && node.op != sys::GGML_OP_MUL_MAT_ID {
            return None;
        }
        let product = Self {
            weights: source(0)?,
            input: source(1)?,
            experts: match is_dense {
                true => None,
                false => Some(source(2)?),
            },
        };
        let counts = product.input.type_ == sys::GGML_TYPE_F32
            && product.input.nb[0] == size_of::<f32>()
            && (!is_dense
                || product.input.ne[1] >= MIN_ROWS && product.weight_name().starts_with("blk."));
        counts.then_some(product)
    }

    /// The weights' name in the file: `CUDA0#blk.0.attn_k.weight#0` is a copy's.
    pub(super) fn weight_name(&self) -> String {
        // SAFETY: ggml keeps names NUL-terminated in their array.
        let name = unsafe { CStr::from_ptr(self.weights.name.as_ptr()) }.to_string_lossy();
        match name.split('#').nth(1) {
            Some(own) => own.to_owned(),
            None => name.into_owned(),
        }
    }

    /// Adds its input; none where that has no shape that is expected.
    pub(super) fn add_to(&self, sums: &mut Sums) -> Option<()> {
        match self.experts {
            Some(experts) => add_experts(sums, self, experts),
            None => add_dense(sums, self),
        }
    }
}

/// Adds every row to its matrix; several lie in one tensor in some models.
fn add_dense(sums: &mut Sums, product: &Product<'_>) -> Option<()> {
    let [width, n_rows, n_2, n_3] = sizes(product.input)?;
    let [_, _, weights_2, weights_3] = sizes(product.weights)?;
    let n_matrices = weights_2.checked_mul(weights_3)?;
    sums.prepare(width.checked_mul(n_matrices)?, 1)?;
    let bytes = contents(product.input);
    for i_3 in 0..n_3 {
        for i_2 in 0..n_2 {
            let matrix = (i_3 % weights_3) * weights_2 + i_2 % weights_2;
            for row in 0..n_rows {
                let row = row_at(product.input, &bytes, [row, i_2, i_3])?;
                sums.add_row(matrix * width, row)?;
            }
        }
    }
    sums.counts[0] += (n_rows * n_2 * n_3 / n_matrices) as u64;
    Some(())
}

/// Adds every row to the experts that it was sent to.
fn add_experts(sums: &mut Sums, product: &Product<'_>, experts: &Tensor) -> Option<()> {
    let [width, n_inputs, n_tokens, _] = sizes(product.input)?;
    let [_, _, n_experts, _] = sizes(product.weights)?;
    let [n_used, ..] = sizes(experts)?;
    sums.prepare(width.checked_mul(n_experts)?, n_experts)?;
    let (bytes, choices) = (contents(product.input), contents(experts));
    for token in 0..n_tokens {
        for used in 0..n_used {
            let place = token * experts.nb[1] + used * experts.nb[0];
            let choice = choices.get(place..)?.first_chunk::<4>()?;
            let expert = usize::try_from(i32::from_le_bytes(*choice)).ok()?;
            let row = row_at(product.input, &bytes, [used % n_inputs.max(1), token, 0])?;
            sums.add_row(expert * width, row)?;
            *sums.counts.get_mut(expert)? += 1;
        }
    }
    Some(())
}

fn sizes(tensor: &Tensor) -> Option<[usize; 4]> {
    let [a, b, c, d] = tensor.ne.map(|size| usize::try_from(size).ok());
    Some([a?, b?, c?, d?])
}

/// The bytes of the row at these places of the second dimension and on.
fn row_at<'a>(tensor: &Tensor, bytes: &'a [u8], [b, c, d]: [usize; 3]) -> Option<&'a [u8]> {
    let start = b * tensor.nb[1] + c * tensor.nb[2] + d * tensor.nb[3];
    bytes.get(start..start.checked_add(sizes(tensor)?[0].checked_mul(4)?)?)
}
