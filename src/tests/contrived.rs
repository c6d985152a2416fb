//! A tiny model that needs its blocks: random weights lose next to nothing by pruning.
//!
//! Each token comes in as -1, 64 times, and all blocks together add 1.6, which a bias
//! that is not refitted says. Of the sum, which is normalized, only the sign is left:
//! where it is positive, letters are likely, and where it is negative the end of the
//! answer. So up to a third of the blocks may go and nothing changes; without half of
//! them the model says nothing, and is wrong about almost every letter.

use std::fs;
use std::io::Cursor;
use std::ops::Range;
use std::path::{Path, PathBuf};

use whittle::gguf::{Content, Document, Rewrite, TensorType, block_tensor};

use crate::tiny_model::{self, Tiny};

/// What all blocks add together.
const ADDED: f32 = 1.6;
/// The logit of a letter, and of no end.
const SURE: f32 = 4.0;
/// The token that ends an answer.
const END: usize = 2;
/// Those of the letters.
const LETTERS: Range<usize> = 260..286;

/// Writes one of so many blocks into `folder`.
pub fn write(folder: &Path, name: &str, n_blocks: u32) -> PathBuf {
    let plain = tiny_model::bytes_of(Tiny {
        n_blocks,
        ..Tiny::default()
    });
    let document = Document::read(Cursor::new(&plain), plain.len() as u64);
    let document = document.expect("a model");
    let mut rewrite = Rewrite::of(&document);
    for tensor in document.tensors() {
        let n_columns = tensor.n_columns() as usize;
        let weight = |place: usize| weight(tensor.name(), place / n_columns, n_columns);
        let weights = (0..tensor.n_elements() as usize).map(weight);
        let replaced = rewrite.replace(
            tensor.name(),
            tensor.kind(),
            tensor.shape(),
            content(weights),
        );
        replaced.expect("as large as it was");
    }
    let width = document
        .unsigned("llama.embedding_length")
        .expect("a width");
    for layer in 0..n_blocks {
        let [after, name] =
            ["weight", "bias"].map(|part| block_tensor(layer, &format!("attn_output.{part}")));
        let added = (0..width).map(|_| ADDED / n_blocks as f32);
        rewrite
            .add_after(&after, &name, TensorType::F32, &[width], content(added))
            .expect("it has none");
    }
    let mut bytes = Vec::new();
    let written = rewrite.write(&mut Cursor::new(&plain), &mut bytes, |_, _| ());
    written.expect("it can be written");
    let path = folder.join(name);
    fs::write(&path, bytes).expect("the test's folder can be written");
    path
}

/// A weight of this row of a tensor. What a block would compute is 0.
fn weight(tensor: &str, row: usize, n_columns: usize) -> f32 {
    let sure = SURE / n_columns as f32;
    match tensor {
        "token_embd.weight" => -1.0,
        "output.weight" if LETTERS.contains(&row) => sure,
        "output.weight" if row == END => -sure,
        norm if norm.contains("norm") => 1.0,
        _ => 0.0,
    }
}

fn content(weights: impl Iterator<Item = f32>) -> Content {
    Content::Bytes(weights.flat_map(f32::to_le_bytes).collect())
}
