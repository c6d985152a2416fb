//! The fuzz target of the GGUF reader and writer: no input panics, hangs, or
//! makes them allocate more than a small multiple of the input's size; and what
//! is read can be written. See `make fuzz`.

#![no_main]

use std::alloc::System;
use std::fs;
use std::io::{self, Cursor};

use cap::Cap;
use libfuzzer_sys::fuzz_target;
use whittle::domain::pruning::{Prune, PruningMethod, PruningRatio};
use whittle::gguf::{
    Document, ModelShape, Rewrite, SliceEnd, check, plan_pruning, slice_blocks, without_blocks,
};

/// Ends the process when the reader wants more than its share.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes of memory for each byte of input: a key costs 13 bytes in the file,
/// and its entry in the list some 100.
const SHARE: usize = 32;
/// What an empty input may take: messages, tables.
const BASE: usize = 16 << 10;

fuzz_target!(
    init: write_seeds(),
    |input: &[u8]| {
        let limit = MEMORY.allocated() + BASE + SHARE * input.len();
        MEMORY.set_limit(limit).expect("the limit is above what is taken");
        let header = check(Cursor::new(input), input.len() as u64);
        drop(std::hint::black_box(header));
        if let Ok(document) = Document::read(Cursor::new(input), input.len() as u64) {
            write(&Rewrite::of(&document), input);
            cut(&document, input);
        }
        MEMORY.set_limit(usize::MAX).expect("no limit is above all");
    }
);

fn write(rewrite: &Rewrite<'_>, input: &[u8]) {
    let written = rewrite.write(&mut Cursor::new(input), &mut io::sink(), |_, _| ());
    written.expect("what was read can be written");
}

/// Cuts what can be cut.
fn cut(document: &Document, input: &[u8]) {
    let Ok(shape) = ModelShape::of(document) else {
        return;
    };
    for method in PruningMethod::ALL {
        let ratio = PruningRatio::try_from(0.3).expect("a ratio");
        drop(std::hint::black_box(plan_pruning(
            &shape,
            Prune::new(method, ratio),
        )));
    }
    let without = without_blocks(document, &shape, &[0]);
    let slice = slice_blocks(document, &shape, &[0], SliceEnd::Block);
    for rewrite in [without, slice].into_iter().flatten() {
        write(&rewrite, input);
    }
}

/// Puts files that pass into the folder that `SEEDS` names, to start from.
fn write_seeds() {
    let Some(folder) = std::env::var_os("SEEDS") else {
        return;
    };
    for (name, bytes) in [
        ("llama", seed("llama", 2)),
        ("bert", seed("bert", 1)),
        ("gemma3", model()),
    ] {
        let path = std::path::Path::new(&folder).join(name);
        fs::write(path, bytes).expect("the folder can be written");
    }
}

fn text(s: &str) -> Vec<u8> {
    [&(s.len() as u64).to_le_bytes(), s.as_bytes()].concat()
}

/// A small model with a value of every type.
fn seed(architecture: &str, blocks: u32) -> Vec<u8> {
    let array = |kind: u32, n: u64, items: &[u8]| {
        [&kind.to_le_bytes(), n.to_le_bytes().as_slice(), items].concat()
    };
    let block_count = format!("{architecture}.block_count");
    let context_length = format!("{architecture}.context_length");
    let keys: [(&str, u32, Vec<u8>); 14] = [
        ("general.architecture", 8, text(architecture)),
        ("general.name", 8, text("seed")),
        ("general.alignment", 4, 32_u32.to_le_bytes().to_vec()),
        ("general.file_type", 4, 1_u32.to_le_bytes().to_vec()),
        (&block_count, 4, blocks.to_le_bytes().to_vec()),
        (&context_length, 10, 2048_u64.to_le_bytes().to_vec()),
        ("a", 0, vec![1]),
        ("b", 3, (-2_i16).to_le_bytes().to_vec()),
        ("c", 6, 1.5_f32.to_le_bytes().to_vec()),
        ("d", 7, vec![1]),
        ("e", 11, (-1_i64).to_le_bytes().to_vec()),
        ("f", 12, 0.5_f64.to_le_bytes().to_vec()),
        ("g", 9, array(8, 2, &[text("x"), text("yz")].concat())),
        ("h", 9, array(6, 2, &[0; 8])),
    ];
    let tensors = [
        ("token_embd.weight".to_owned(), vec![32, 2], 8, 68),
        ("output_norm.weight".to_owned(), vec![8], 0, 32),
    ];
    file(&keys, &tensors)
}

/// A model that can be cut.
fn model() -> Vec<u8> {
    let number = |key, n: u32| (key, 4, n.to_le_bytes().to_vec());
    let keys: [(&str, u32, Vec<u8>); 6] = [
        ("general.architecture", 8, text("gemma3")),
        number("gemma3.block_count", 2),
        number("gemma3.embedding_length", 8),
        number("gemma3.feed_forward_length", 8),
        number("gemma3.attention.head_count", 1),
        number("gemma3.attention.sliding_window", 4),
    ];
    let of_block = |layer: u32| {
        ["gate", "up", "down"]
            .map(|part| (format!("blk.{layer}.ffn_{part}.weight"), vec![8, 8], 0, 256))
    };
    let mut tensors = vec![("token_embd.weight".to_owned(), vec![8, 2], 0, 64)];
    tensors.extend((0..2).flat_map(of_block));
    file(&keys, &tensors)
}

/// Keys with their types and values, and tensors with their shapes, types and
/// bytes.
fn file(keys: &[(&str, u32, Vec<u8>)], tensors: &[(String, Vec<u64>, u32, usize)]) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend((keys.len() as u64).to_le_bytes());
    for (key, kind, value) in keys {
        bytes.extend([text(key), kind.to_le_bytes().to_vec(), value.clone()].concat());
    }
    let mut offset = 0;
    for (name, shape, kind, n_bytes) in tensors {
        bytes.extend(text(name));
        bytes.extend((shape.len() as u32).to_le_bytes());
        bytes.extend(shape.iter().flat_map(|n| n.to_le_bytes()));
        bytes.extend(kind.to_le_bytes());
        bytes.extend((offset as u64).to_le_bytes());
        offset += n_bytes.next_multiple_of(32);
    }
    bytes.resize(bytes.len().next_multiple_of(32) + offset, 0);
    bytes
}
