//! Which blocks look back through a sliding window: by default told from a
//! block's place, so that removing one would change all after it.

use super::document::Document;
use super::family::Family;
use super::shape::own_key;
use super::value::{Array, Value};
use super::{NotPrunable, Rewrite};

/// The key of the pattern.
const PATTERN: &str = "attention.sliding_window_pattern";
/// llama.cpp's period of gemma3: five blocks with a window, one without.
const PERIOD: u64 = 6;

/// Whether each of the blocks has a window; none: none has. As llama.cpp's
/// `load_swa_pattern` reads it.
pub(super) fn read(
    document: &Document,
    family: Family,
    n_blocks: usize,
) -> Result<Option<Vec<bool>>, NotPrunable> {
    // The other architectures read no window at all.
    if family != Family::Gemma3 {
        return Ok(None);
    }
    let window = own_key(document, "attention.sliding_window");
    if document.unsigned(&window).is_none_or(|n| n == 0) {
        return Ok(None);
    }
    let key = own_key(document, PATTERN);
    let unreadable = || NotPrunable::layout(format!("{key} cannot be read"));
    let by_place = |period: u64| {
        let has_window = |place: u64| period == 0 || place % period < period - 1;
        (0..n_blocks as u64).map(has_window).collect()
    };
    Ok(Some(match document.value(&key) {
        None if document.has(&key) => return Err(unreadable()),
        None => by_place(PERIOD),
        Some(Value::U32(period)) => by_place((*period).into()),
        Some(Value::Array(array)) => {
            let items = array.unsigned().ok_or_else(unreadable)?;
            // A short array leaves the rest without.
            let at = |place: usize| items.get(place).is_some_and(|item| *item != 0);
            (0..n_blocks).map(at).collect()
        }
        Some(_) => return Err(unreadable()),
    }))
}

/// Writes out which of the remaining blocks have a window.
pub(super) fn write(rewrite: &mut Rewrite<'_>, windows: &[bool]) {
    let key = own_key(rewrite.document, PATTERN);
    rewrite.set(&key, Value::Array(Array::of_bools(windows)));
}
