//! What a model that can be pruned is made of.

use super::document::{Document, Tensor};
use super::error::shown;
use super::family::{Family, OUTSIDE};
use super::heads::{self, Heads};
use super::types::TensorType;
use super::value::Value;
use super::{NotPrunable, windows};

/// What a model that can be pruned is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelShape {
    /// Its architecture.
    pub family: Family,
    /// Width of the residual stream.
    pub n_embd: u32,
    /// Feed-forward neurons of each block.
    pub n_ff: u32,
    /// Rows of the token embedding.
    pub n_vocab: u32,
    /// Parameters of the whole file.
    pub n_params: u64,
    /// Its blocks, in order.
    pub blocks: Vec<BlockShape>,
    /// The attention heads of each block; none: they can only stay.
    pub heads: Option<Heads>,
    /// Whether each block looks back through a sliding window only; none: the
    /// model has no window.
    pub windows: Option<Vec<bool>>,
}

/// A block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockShape {
    /// Its matrix weights: what a pruning ratio counts.
    pub weights: u64,
    /// All its parameters.
    pub n_params: u64,
    /// Parameters of one neuron: its row of `ffn_gate` and of `ffn_up` with what
    /// biases they have, and its column of `ffn_down`.
    pub neuron_params: u64,
    /// Parameters of one group of heads: what it has of `attn_q`, `attn_k` and
    /// `attn_v` with what biases they have, and its columns of `attn_output`; 0 where
    /// heads can only stay.
    pub group_params: u64,
    /// The type of `ffn_down`.
    pub down: TensorType,
    /// Whether `ffn_down` has a bias.
    pub has_down_bias: bool,
    /// The type of `attn_output`; none: there is no such matrix.
    pub output: Option<TensorType>,
    /// Whether `attn_output` has a bias.
    pub has_output_bias: bool,
}

/// llama.cpp reads no more.
const MAX_BLOCKS: u64 = 512;
/// llama.cpp takes a gemma3 of so many blocks for the 27B model, and scales its
/// attention in another way.
pub(super) const GEMMA3_27B_BLOCKS: usize = 62;

impl ModelShape {
    /// Reads it from a model's header.
    ///
    /// # Errors
    /// When the model cannot be pruned.
    pub fn of(document: &Document) -> Result<Self, NotPrunable> {
        let family = Family::of(document)?;
        let own = |name: &str| own_key(document, name);
        let number = |name: &str| document.unsigned(&own(name));
        let n_blocks = number("block_count").filter(|n| (1..=MAX_BLOCKS).contains(n));
        let n_blocks = n_blocks.ok_or_else(|| {
            NotPrunable::layout(format!("{} is missing or absurd", own("block_count")))
        })?;
        if number("nextn_predict_layers").is_some_and(|n| n > 0) {
            let what = "its last blocks predict further tokens";
            return Err(NotPrunable::layout(what));
        }
        check_names(document, family, n_blocks)?;
        let embedding = matrix(document, "token_embd.weight")?;
        let heads = heads::read(document, family, n_blocks as u32, embedding.columns);
        let block = |layer| block(document, layer, embedding.columns, heads);
        let blocks = (0..n_blocks as u32).map(block);
        let blocks = blocks.collect::<Result<Vec<_>, _>>()?;
        let n_ff = blocks[0].1;
        if blocks.iter().any(|(_, other)| *other != n_ff) {
            let what = "its blocks have different numbers of feed-forward neurons";
            return Err(NotPrunable::layout(what));
        }
        check_numbers(document, embedding.columns, n_ff)?;
        if family == Family::Gemma3 && blocks.len() == GEMMA3_27B_BLOCKS {
            let what =
                "llama.cpp scales the attention of a gemma3 with 62 blocks by its number of blocks";
            return Err(NotPrunable::layout(what));
        }
        Ok(Self {
            family,
            n_embd: embedding.columns,
            n_ff,
            n_vocab: embedding.rows,
            n_params: document.n_params(),
            heads,
            windows: windows::read(document, family, blocks.len())?,
            blocks: blocks.into_iter().map(|(block, _)| block).collect(),
        })
    }

    /// How many blocks there are.
    pub fn n_blocks(&self) -> u32 {
        u32::try_from(self.blocks.len()).unwrap_or(u32::MAX)
    }

    /// The matrix weights of all blocks.
    pub fn block_weights(&self) -> u64 {
        self.blocks.iter().map(|block| block.weights).sum()
    }

    /// The matrix weights of a neuron: two rows and a column.
    pub fn neuron_weights(&self) -> u64 {
        3 * u64::from(self.n_embd)
    }

    /// The matrix weights of a group of heads; 0 where heads can only stay.
    pub fn group_weights(&self) -> u64 {
        self.heads
            .map_or(0, |heads| heads.group_weights(self.n_embd))
    }

    /// How many neurons can only go or stay together, because the type of
    /// `ffn_down` keeps so many columns together: 1 in a model that is not
    /// quantized.
    pub fn neurons_together(&self) -> u32 {
        let blocks = self.blocks.iter().map(|block| block.down.block());
        u32::try_from(blocks.max().unwrap_or(1)).unwrap_or(u32::MAX)
    }
}

/// The name of a block's tensor; `part` is such as `ffn_down.weight`.
pub fn block_tensor(layer: u32, part: &str) -> String {
    format!("blk.{layer}.{part}")
}

/// The block that a tensor belongs to, and the rest of its name.
pub(super) fn block_of(name: &str) -> Option<(u32, &str)> {
    let (layer, part) = name.strip_prefix("blk.")?.split_once('.')?;
    // "01" and "+1" are other names.
    let is_plain = layer.len() == 1 || !layer.starts_with('0');
    let is_number = is_plain && layer.bytes().all(|byte| byte.is_ascii_digit());
    Some((layer.parse().ok().filter(|_| is_number)?, part))
}

/// A key of the model's own architecture.
pub(super) fn own_key(document: &Document, name: &str) -> String {
    format!("{}.{name}", document.architecture())
}

struct Matrix {
    kind: TensorType,
    columns: u32,
    rows: u32,
}

fn matrix(document: &Document, name: &str) -> Result<Matrix, NotPrunable> {
    let tensor = document.tensor(name);
    let tensor = tensor.ok_or_else(|| NotPrunable::layout(format!("it has no {name}")))?;
    let sizes = match *tensor.shape() {
        [columns, rows] => u32::try_from(columns).ok().zip(u32::try_from(rows).ok()),
        _ => None,
    };
    let (columns, rows) =
        sizes.ok_or_else(|| NotPrunable::layout(format!("its {name} is no matrix")))?;
    Ok(Matrix {
        kind: tensor.kind(),
        columns,
        rows,
    })
}

/// Refuses tensors that would be left behind, or whose meaning is unknown.
fn check_names(document: &Document, family: Family, n_blocks: u64) -> Result<(), NotPrunable> {
    let is_known = |tensor: &&Tensor| match block_of(tensor.name()) {
        Some((layer, part)) => u64::from(layer) < n_blocks && family.may_have(part),
        None => OUTSIDE.contains(&tensor.name()),
    };
    match document.tensors().find(|tensor| !is_known(tensor)) {
        None => Ok(()),
        Some(tensor) => Err(NotPrunable::layout(format!(
            "it has a tensor \"{}\"",
            shown(tensor.name())
        ))),
    }
}

/// A block, and its number of neurons.
fn block(
    document: &Document,
    layer: u32,
    n_embd: u32,
    heads: Option<Heads>,
) -> Result<(BlockShape, u32), NotPrunable> {
    let at = |part: &str| block_tensor(layer, part);
    let down = matrix(document, &at("ffn_down.weight"))?;
    let n_ff = down.columns;
    for part in ["ffn_gate.weight", "ffn_up.weight"] {
        let wide = matrix(document, &at(part))?;
        if (wide.columns, wide.rows) != (n_embd, n_ff) {
            return Err(NotPrunable::layout(format!(
                "{} has an odd shape",
                at(part)
            )));
        }
    }
    if down.rows != n_embd {
        let name = at("ffn_down.weight");
        return Err(NotPrunable::layout(format!("{name} has an odd shape")));
    }
    for (part, n) in [
        ("ffn_gate.bias", n_ff),
        ("ffn_up.bias", n_ff),
        ("ffn_down.bias", n_embd),
    ] {
        let bias = document.tensor(&at(part));
        if bias.is_some_and(|bias| *bias.shape() != [u64::from(n)]) {
            let name = at(part);
            return Err(NotPrunable::layout(format!("{name} has an odd shape")));
        }
    }
    let of_block =
        |tensor: &&Tensor| block_of(tensor.name()).is_some_and(|(other, _)| other == layer);
    let tensors = || document.tensors().filter(of_block);
    let matrices = tensors().filter(|tensor| tensor.shape().len() > 1);
    let biases = ["ffn_gate.bias", "ffn_up.bias"].map(|part| document.tensor(&at(part)).is_some());
    let n_biases = biases.into_iter().filter(|has| *has).count() as u64;
    let shape = BlockShape {
        weights: matrices.map(Tensor::n_elements).sum(),
        n_params: tensors().map(Tensor::n_elements).sum(),
        neuron_params: 3 * u64::from(n_embd) + n_biases,
        group_params: heads.map_or(0, |heads| {
            heads::group_params(document, layer, heads, n_embd)
        }),
        down: down.kind,
        has_down_bias: document.tensor(&at("ffn_down.bias")).is_some(),
        output: document.tensor(&at("attn_output.weight")).map(Tensor::kind),
        has_output_bias: document.tensor(&at("attn_output.bias")).is_some(),
    };
    Ok((shape, n_ff))
}

/// Refuses numbers that contradict the tensors, or differ from block to block:
/// llama.cpp takes those of the first block for all.
fn check_numbers(document: &Document, n_embd: u32, n_ff: u32) -> Result<(), NotPrunable> {
    for (name, must_be) in [
        ("embedding_length", Some(n_embd)),
        ("feed_forward_length", Some(n_ff)),
        ("attention.head_count", None),
        ("attention.head_count_kv", None),
    ] {
        let key = own_key(document, name);
        let is_sound = match document.value(&key) {
            None => !document.has(&key) && must_be.is_none(),
            Some(Value::Array(array)) => array.unsigned().is_some_and(|items| {
                items.windows(2).all(|pair| pair[0] == pair[1])
                    && must_be.is_none_or(|n| items.first() == Some(&n.into()))
            }),
            Some(value) => match must_be {
                Some(n) => value.unsigned() == Some(n.into()),
                None => value.unsigned().is_some(),
            },
        };
        if !is_sound {
            let what = format!("{key} differs from block to block, or from its tensors");
            return Err(NotPrunable::layout(what));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
