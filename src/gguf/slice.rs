//! Small models of some blocks of another, to be run from hidden states.

use super::NotPrunable;
use super::cut::keep_blocks;
use super::document::Document;
use super::narrow::{Narrowing, narrow, set_widths};
use super::rewrite::Rewrite;
use super::shape::{ModelShape, own_key};
use super::value::Value;

/// Rows of the token embedding that a slice keeps: llama.cpp loads no model
/// without. None of them is read.
const ROWS: u32 = 32;

/// What a slice ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SliceEnd {
    /// Its last block: what is computed after it means nothing.
    Block,
    /// The model's own output: its logits are the model's. For a slice whose
    /// last block is the model's.
    Logits,
}

/// A model of block `layer` alone, as it is or narrowed, to be run from hidden
/// states. It has no vocabulary.
///
/// # Errors
/// When there is no such block, or it cannot be narrowed so.
pub fn slice_block<'d>(
    document: &'d Document,
    shape: &ModelShape,
    layer: u32,
    narrowing: Option<Narrowing>,
) -> Result<Rewrite<'d>, NotPrunable> {
    let mut slice = slice_blocks(document, shape, &[layer], SliceEnd::Block)?;
    if let Some(narrowing) = narrowing {
        let widths = narrow(&mut slice, shape, 0, narrowing)?;
        set_widths(&mut slice, shape, widths);
    }
    Ok(slice)
}

/// A model of some blocks as they are, in ascending order, to be run from hidden
/// states. It has no vocabulary.
///
/// # Errors
/// When there are no such blocks.
pub fn slice_blocks<'d>(
    document: &'d Document,
    shape: &ModelShape,
    layers: &[u32],
    end: SliceEnd,
) -> Result<Rewrite<'d>, NotPrunable> {
    if layers.iter().any(|layer| *layer >= shape.n_blocks()) {
        return Err(NotPrunable::Wrong(format!(
            "there are no blocks {layers:?}"
        )));
    }
    let stays: Vec<bool> = (0..shape.n_blocks())
        .map(|layer| layers.contains(&layer))
        .collect();
    let mut slice = Rewrite::of(document);
    keep_blocks(&mut slice, shape, &stays)?;
    let n_vocab = match end {
        SliceEnd::Logits => shape.n_vocab,
        SliceEnd::Block => {
            let outputs = ["output.weight", "output.bias"];
            slice.rename_or_drop(|name| (!outputs.contains(&name)).then(|| name.to_owned()));
            let rows: Vec<u32> = (0..shape.n_vocab.min(ROWS)).collect();
            slice.keep_rows("token_embd.weight", &rows)?;
            shape.n_vocab.min(ROWS)
        }
    };
    slice.remove_keys(|key| key.starts_with("tokenizer."));
    slice.set("tokenizer.ggml.model", Value::Text("no_vocab".to_owned()));
    let vocab_size = own_key(document, "vocab_size");
    slice.set(&vocab_size, Value::U32(n_vocab));
    Ok(slice)
}
