//! Makes a block narrower: neurons and groups of heads go, and what the others say may
//! become another.

use super::rewrite::{Content, Rewrite};
use super::shape::{ModelShape, block_tensor, own_key};
use super::types::TensorType;
use super::value::Value;
use super::{NotPrunable, heads};

/// Which neurons of a block stay.
#[derive(Debug)]
pub struct Narrowing {
    /// Their places, from 0, ascending.
    pub keep: Vec<u32>,
    /// What becomes of `ffn_down`.
    pub down: Down,
    /// What becomes of attention; none: it stays as it is.
    pub attention: Option<AttentionCut>,
}

/// What becomes of a block's attention.
#[derive(Debug)]
pub struct AttentionCut {
    /// The groups of heads that stay: their places, from 0, ascending; none: all.
    pub groups: Option<Vec<u32>>,
    /// What becomes of `attn_output`.
    pub output: Down,
}

/// What becomes of `ffn_down` when neurons go, and of `attn_output` when heads do.
#[derive(Debug)]
pub enum Down {
    /// Its other columns stay as they are.
    Columns,
    /// It is refitted.
    Refitted {
        /// Of the new weights.
        kind: TensorType,
        /// The new weights: `n_embd` rows, each of as many columns as stay.
        weights: Content,
        /// The whole new bias, `n_embd` long, where the architecture loads one;
        /// none: what bias there is stays.
        bias: Option<Vec<f32>>,
    },
}

/// What stays of each block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Widths {
    n_ff: u32,
    n_groups_removed: u32,
}

impl Widths {
    /// All of it.
    pub(super) fn of(shape: &ModelShape) -> Self {
        Self {
            n_ff: shape.n_ff,
            n_groups_removed: 0,
        }
    }
}

/// Narrows block `layer` of the new file; returns what stays.
pub(super) fn narrow(
    rewrite: &mut Rewrite<'_>,
    shape: &ModelShape,
    layer: u32,
    narrowing: Narrowing,
) -> Result<Widths, NotPrunable> {
    let at = |part: &str| block_tensor(layer, part);
    let Narrowing {
        keep,
        down,
        attention,
    } = narrowing;
    for part in ["ffn_gate.weight", "ffn_up.weight"] {
        rewrite.keep_rows(&at(part), &keep)?;
    }
    for part in ["ffn_gate.bias", "ffn_up.bias"] {
        if rewrite.has_tensor(&at(part)) {
            rewrite.keep_columns(&at(part), &keep)?;
        }
    }
    cut_columns(rewrite, shape, &at("ffn_down"), &keep, down)?;
    let n_groups_removed = match attention {
        None => 0,
        Some(attention) => cut_attention(rewrite, shape, layer, attention)?,
    };
    Ok(Widths {
        n_ff: u32::try_from(keep.len()).unwrap_or(u32::MAX),
        n_groups_removed,
    })
}

/// Returns how many groups of heads are gone.
fn cut_attention(
    rewrite: &mut Rewrite<'_>,
    shape: &ModelShape,
    layer: u32,
    AttentionCut { groups, output }: AttentionCut,
) -> Result<u32, NotPrunable> {
    let at = |part: &str| block_tensor(layer, part);
    let Some(groups) = groups else {
        let n = rewrite.n_columns(&at("attn_output.weight"))?;
        let every: Vec<u32> = (0..u32::try_from(n).unwrap_or(u32::MAX)).collect();
        cut_columns(rewrite, shape, &at("attn_output"), &every, output)?;
        return Ok(0);
    };
    let Some(heads) = shape.heads else {
        return Err(NotPrunable::Wrong("its heads can only stay".to_owned()));
    };
    let (queries, keys) = (heads.queries(&groups), heads.keys(&groups));
    for (part, has_queries) in heads::TO_HEADS {
        let keep = if has_queries { &queries } else { &keys };
        rewrite.keep_rows(&at(&format!("{part}.weight")), keep)?;
        let bias = at(&format!("{part}.bias"));
        if rewrite.has_tensor(&bias) {
            rewrite.keep_columns(&bias, keep)?;
        }
    }
    cut_columns(rewrite, shape, &at("attn_output"), &queries, output)?;
    // Those that stay are there, and none twice.
    Ok(heads.n_groups - groups.len() as u32)
}

/// Keeps these columns of a matrix, or puts others in their place.
fn cut_columns(
    rewrite: &mut Rewrite<'_>,
    shape: &ModelShape,
    matrix: &str,
    keep: &[u32],
    down: Down,
) -> Result<(), NotPrunable> {
    let name = format!("{matrix}.weight");
    match down {
        Down::Columns => rewrite.keep_columns(&name, keep)?,
        Down::Refitted {
            kind,
            weights,
            bias,
        } => {
            let sizes = [keep.len() as u64, shape.n_embd.into()];
            rewrite.replace(&name, kind, &sizes, weights)?;
            if let Some(bias) = bias {
                set_bias(rewrite, shape, matrix, &bias)?;
            }
        }
    }
    Ok(())
}

fn set_bias(
    rewrite: &mut Rewrite<'_>,
    shape: &ModelShape,
    matrix: &str,
    bias: &[f32],
) -> Result<(), NotPrunable> {
    if !shape.family.loads_down_bias() {
        return Err(NotPrunable::Wrong(format!(
            "the architecture loads no bias of {matrix}"
        )));
    }
    let name = format!("{matrix}.bias");
    let bytes: Vec<u8> = bias.iter().flat_map(|value| value.to_le_bytes()).collect();
    let content = Content::Bytes(bytes);
    let sizes = [u64::from(shape.n_embd)];
    match rewrite.has_tensor(&name) {
        true => rewrite.replace(&name, TensorType::F32, &sizes, content)?,
        false => {
            let after = format!("{matrix}.weight");
            rewrite.add_after(&after, &name, TensorType::F32, &sizes, content)?;
        }
    }
    Ok(())
}

/// Says how many neurons and heads each block has.
pub(super) fn set_widths(rewrite: &mut Rewrite<'_>, shape: &ModelShape, widths: Widths) {
    if widths.n_ff != shape.n_ff {
        let key = own_key(rewrite.document, "feed_forward_length");
        rewrite.set(&key, Value::U32(widths.n_ff));
    }
    if let Some(heads) = shape.heads.filter(|_| widths.n_groups_removed > 0) {
        heads::write(rewrite, heads, heads.n_groups - widths.n_groups_removed);
    }
}
