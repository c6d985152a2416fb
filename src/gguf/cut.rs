//! Makes a pruned model of another: neurons, groups of heads or whole blocks fewer.

use super::document::Document;
use super::error::shown;
use super::narrow::{Narrowing, Widths, narrow, set_widths};
use super::rewrite::{Rewrite, RewriteError};
use super::shape::{GEMMA3_27B_BLOCKS, ModelShape, block_of, block_tensor, own_key};
use super::value::Value;
use super::{Family, NotPrunable, labels, windows};

/// What becomes of a block.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are no more of them than blocks"
)]
pub enum BlockCut {
    /// It stays as it is.
    Keep,
    /// It goes.
    Remove,
    /// Some of its neurons or heads go, or what they say becomes another.
    Narrow(Narrowing),
}

/// The model with its blocks cut so, one [`BlockCut`] for each.
///
/// # Errors
/// When no block stays, or the blocks that stay would have different numbers of
/// neurons or heads, which llama.cpp does not load, or these are not there.
pub fn pruned<'d>(
    document: &'d Document,
    shape: &ModelShape,
    cuts: Vec<BlockCut>,
) -> Result<Rewrite<'d>, NotPrunable> {
    if cuts.len() != shape.blocks.len() {
        let n = cuts.len();
        return Err(NotPrunable::Wrong(format!("{n} blocks were to be cut")));
    }
    let stays: Vec<bool> = cuts
        .iter()
        .map(|cut| !matches!(cut, BlockCut::Remove))
        .collect();
    let mut rewrite = Rewrite::of(document);
    keep_blocks(&mut rewrite, shape, &stays)?;
    let cuts = cuts.into_iter().zip(&stays).filter(|(_, stays)| **stays);
    let mut widths = None;
    for (layer, (cut, _)) in (0..).zip(cuts) {
        let own = match cut {
            BlockCut::Narrow(narrowing) => narrow(&mut rewrite, shape, layer, narrowing)?,
            _ => Widths::of(shape),
        };
        if *widths.get_or_insert(own) != own {
            return Err(NotPrunable::Wrong(
                "the blocks would have different numbers of neurons or heads".to_owned(),
            ));
        }
    }
    set_widths(&mut rewrite, shape, widths.unwrap_or(Widths::of(shape)));
    labels::set_counts(&mut rewrite);
    Ok(rewrite)
}

/// The model without some blocks.
///
/// # Errors
/// As [`pruned`], and when there are no such blocks.
pub fn without_blocks<'d>(
    document: &'d Document,
    shape: &ModelShape,
    layers: &[u32],
) -> Result<Rewrite<'d>, NotPrunable> {
    if let Some(layer) = layers.iter().find(|layer| **layer >= shape.n_blocks()) {
        return Err(NotPrunable::Wrong(format!("there is no block {layer}")));
    }
    let cut = |layer| match layers.contains(&layer) {
        true => BlockCut::Remove,
        false => BlockCut::Keep,
    };
    pruned(document, shape, (0..shape.n_blocks()).map(cut).collect())
}

/// The model with fewer neurons in every block.
///
/// # Errors
/// As [`pruned`].
pub fn narrowed<'d>(
    document: &'d Document,
    shape: &ModelShape,
    narrowings: Vec<Narrowing>,
) -> Result<Rewrite<'d>, NotPrunable> {
    let cuts = narrowings.into_iter().map(BlockCut::Narrow).collect();
    pruned(document, shape, cuts)
}

/// Keeps the blocks for which `stays` says so, renumbered, and cuts what the
/// metadata say of each block.
pub(super) fn keep_blocks(
    rewrite: &mut Rewrite<'_>,
    shape: &ModelShape,
    stays: &[bool],
) -> Result<(), NotPrunable> {
    let mut next = 0;
    let mut place = |stays: &bool| {
        let place = stays.then_some(next);
        next += u32::from(*stays);
        place
    };
    let places: Vec<Option<u32>> = stays.iter().map(&mut place).collect();
    if next == 0 {
        return Err(NotPrunable::Wrong("no block would stay".to_owned()));
    }
    if next == shape.n_blocks() {
        return Ok(());
    }
    if shape.family == Family::Gemma3 && next as usize == GEMMA3_27B_BLOCKS {
        let what = "with 62 blocks left, llama.cpp would take it for the 27B model and scale its attention in another way";
        return Err(NotPrunable::layout(what));
    }
    rewrite.rename_or_drop(|name| match block_of(name) {
        None => Some(name.to_owned()),
        Some((layer, part)) => {
            let place = places.get(layer as usize).copied().flatten()?;
            Some(block_tensor(place, part))
        }
    });
    cut_arrays(rewrite, stays)?;
    let block_count = own_key(rewrite.document, "block_count");
    rewrite.set(&block_count, Value::U32(next));
    if let Some(windows) = &shape.windows {
        let left = windows.iter().zip(stays).filter(|(_, stays)| **stays);
        let left: Vec<bool> = left.map(|(window, _)| *window).collect();
        windows::write(rewrite, &left);
    }
    Ok(())
}

/// Arrays with an item for each block.
const OF_EACH_BLOCK: [&str; 4] = [
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.sliding_window_pattern",
];
/// Arrays of other things, which may be as long as there are blocks.
const OF_OTHERS: [&str; 1] = ["rope.dimension_sections"];

fn cut_arrays(rewrite: &mut Rewrite<'_>, stays: &[bool]) -> Result<(), NotPrunable> {
    let document = rewrite.document;
    let own = own_key(document, "");
    for key in document.keys() {
        let Some(name) = key.strip_prefix(&own) else {
            continue;
        };
        let Some(length) = document.array_length(key) else {
            continue;
        };
        match document.value(key) {
            Some(Value::Array(array)) if OF_EACH_BLOCK.contains(&name) => {
                let kept = array.filtered(|place| stays.get(place).is_some_and(|stays| *stays));
                rewrite.set(key, Value::Array(kept));
            }
            _ if OF_OTHERS.contains(&name) || length != stays.len() as u64 => {}
            _ => {
                return Err(NotPrunable::layout(format!(
                    "{} has an item for each block",
                    shown(key)
                )));
            }
        }
    }
    Ok(())
}

impl From<RewriteError> for NotPrunable {
    fn from(error: RewriteError) -> Self {
        Self::Wrong(error.to_string())
    }
}

#[cfg(test)]
#[path = "cut_heads_tests.rs"]
mod heads_tests;
#[cfg(test)]
#[path = "cut_tests.rs"]
mod tests;
