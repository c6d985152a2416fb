//! What llama.cpp's log says while it quantizes: which tensor, as what, and
//! where a shape forced another type. The texts are those of `llama-quant.cpp`;
//! names of tensors stand in them and are anybody's, so the ends are read.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::variant::Fallback;

/// The number of the tensor that is begun, and of all: `[   3/ 272] name - …`.
pub(super) fn tensor_number(text: &str) -> Option<(u32, u32)> {
    let (numbers, _) = text.strip_prefix('[')?.split_once(']')?;
    let (n, of) = numbers.split_once('/')?;
    Some((n.trim().parse().ok()?, of.trim().parse().ok()?))
}

/// Counts the tensors that got another type than was meant.
#[derive(Default)]
pub(super) struct Fallbacks {
    wanted: Option<Wanted>,
    found: BTreeMap<(String, String), Fallen>,
}

/// A type that does not fit a tensor.
struct Wanted {
    name: String,
    row_length: u64,
    block: u64,
}

/// What fell back from one type to another.
#[derive(Default)]
struct Fallen {
    n_tensors: u32,
    block: u64,
    row_lengths: BTreeSet<u64>,
}

impl Fallbacks {
    /// Takes in the next text.
    pub(super) fn read(&mut self, text: &str) {
        if let Some(wanted) = text.strip_prefix("warning: ").and_then(wanted) {
            self.wanted = Some(wanted);
        } else if let Some(used) = text.strip_prefix("-> falling back to ")
            && let Some(wanted) = self.wanted.take()
        {
            let fallen = self.found.entry((wanted.name, shown(used))).or_default();
            fallen.n_tensors += 1;
            fallen.block = wanted.block;
            fallen.row_lengths.insert(wanted.row_length);
        }
    }

    /// All of them.
    pub(super) fn found(self) -> Vec<Fallback> {
        let fallback = |((wanted, used), fallen): ((String, String), Fallen)| Fallback {
            wanted,
            used,
            n_tensors: fallen.n_tensors,
            block: fallen.block,
            row_lengths: fallen.row_lengths.into_iter().collect(),
        };
        self.found.into_iter().map(fallback).collect()
    }
}

/// `name - ncols 576 not divisible by 256 (required for type q4_K)`.
fn wanted(text: &str) -> Option<Wanted> {
    let (text, name) = text.rsplit_once("(required for type ")?;
    let (_, numbers) = text.rsplit_once(" - ncols ")?;
    let (row_length, block) = numbers.split_once(" not divisible by ")?;
    Some(Wanted {
        name: shown(name),
        row_length: row_length.trim().parse().ok()?,
        block: block.trim().parse().ok()?,
    })
}

/// A tensor as a dry run says that it would be.
#[derive(Debug, PartialEq)]
pub(super) struct Planned {
    /// llama.cpp's name of its type.
    pub(super) kind: String,
    pub(super) columns: u64,
    pub(super) rows: u64,
}

/// Reads the tensors of a dry run, of which each is told in two texts.
#[derive(Default)]
pub(super) struct Sizes {
    begun: Option<Planned>,
}

impl Sizes {
    /// Takes in the next text; a tensor once all of it is known.
    pub(super) fn read(&mut self, text: &str) -> Option<Planned> {
        if tensor_number(text).is_some() {
            self.begun = begun(text);
            return None;
        }
        if !text.starts_with("size = ") {
            return None;
        }
        let tensor = self.begun.take()?;
        // `size = 54.00 MiB -> 28.69 MiB (q8_0)`, or without the end.
        let kind = text.trim_end().strip_suffix(')');
        let kind = kind.and_then(|text| text.rsplit_once('('));
        Some(match kind {
            Some((_, kind)) => Planned {
                kind: kind.to_owned(),
                ..tensor
            },
            None => tensor,
        })
    }
}

/// `[ 1/ 272] name - [   576,  49152,      1,      1], type =    f16, `
fn begun(text: &str) -> Option<Planned> {
    let (before, kind) = text.rsplit_once("], type = ")?;
    let (_, shape) = before.rsplit_once('[')?;
    let mut sizes = shape.split(',').map(|size| size.trim().parse::<u64>().ok());
    let columns = sizes.next()??;
    let rows = sizes.try_fold(1_u64, |rows, size| rows.checked_mul(size?))?;
    Some(Planned {
        kind: kind.trim().trim_end_matches(',').to_owned(),
        columns,
        rows,
    })
}

/// A type as its users write it: `Q4_K`.
fn shown(kind: &str) -> String {
    kind.trim()
        .trim_end_matches(')')
        .trim()
        .to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read() {
        let text =
            "[   3/ 272] blk.0.attn_k.weight - [   576,    192,      1,      1], type =    f16, ";
        assert_eq!(tensor_number(text), Some((3, 272)));
        assert_eq!(tensor_number("llama_model_loader: - kv   3"), None);
    }

    #[test]
    fn a_planned_tensor_takes_its_new_type_or_keeps_its_own() {
        let mut sizes = Sizes::default();
        let text =
            "[   3/ 272] a ], type = [9] - [   576,    192,      2,      1], type =    f16, ";
        assert_eq!(sizes.read(text), None);
        let planned = |kind: &str| Planned {
            kind: kind.to_owned(),
            columns: 576,
            rows: 384,
        };
        let quantized = sizes.read("size =    54.00 MiB ->    28.69 MiB (q4_K)\n");
        assert_eq!(quantized, Some(planned("q4_K")));
        sizes.read(text);
        assert_eq!(sizes.read("size =    0.002 MiB\n"), Some(planned("f16")));
        assert_eq!(sizes.read("size =    0.002 MiB\n"), None);
    }

    #[test]
    fn fallbacks_are_counted_by_type() {
        let mut fallbacks = Fallbacks::default();
        for (name, row_length) in [("x", 1600), ("x - ncols 7", 576), ("x", 576)] {
            fallbacks.read(&format!(
                "warning: {name} - ncols {row_length:6} not divisible by 256 (required for type    q4_K) ",
            ));
            fallbacks.read("-> falling back to    q5_0\n");
        }
        let fallen = Fallback {
            wanted: "Q4_K".to_owned(),
            used: "Q5_0".to_owned(),
            n_tensors: 3,
            block: 256,
            row_lengths: vec![576, 1600],
        };
        assert_eq!(fallbacks.found(), [fallen]);
    }
}
