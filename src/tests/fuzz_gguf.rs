//! The fuzz target of the GGUF reader: no input panics, hangs, or makes it
//! allocate more than a small multiple of the input's size. See `make fuzz`.

#![no_main]

use std::alloc::System;
use std::fs;
use std::io::Cursor;

use cap::Cap;
use libfuzzer_sys::fuzz_target;

/// Ends the process when the reader wants more than its share.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes of memory for each byte of input: a key costs 13 bytes in the file,
/// and its entry in the map some 100.
const SHARE: usize = 32;
/// What an empty input may take: messages, tables.
const BASE: usize = 16 << 10;

fuzz_target!(
    init: write_seeds(),
    |input: &[u8]| {
        let limit = MEMORY.allocated() + BASE + SHARE * input.len();
        MEMORY.set_limit(limit).expect("the limit is above what is taken");
        let header = whittle::gguf::check(Cursor::new(input), input.len() as u64);
        drop(std::hint::black_box(header));
        MEMORY.set_limit(usize::MAX).expect("no limit is above all");
    }
);

/// Puts files that pass into the folder that `SEEDS` names, to start from.
fn write_seeds() {
    let Some(folder) = std::env::var_os("SEEDS") else {
        return;
    };
    for (name, architecture, blocks) in [("llama", "llama", 2), ("bert", "bert", 1)] {
        let path = std::path::Path::new(&folder).join(name);
        fs::write(path, seed(architecture, blocks)).expect("the folder can be written");
    }
}

/// A small model with a value of every type.
fn seed(architecture: &str, blocks: u32) -> Vec<u8> {
    let text = |s: &str| [&(s.len() as u64).to_le_bytes(), s.as_bytes()].concat();
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
    let tensors: [(&str, &[u64], u32, u64); 2] = [
        ("token_embd.weight", &[32, 2], 8, 0),
        ("output_norm.weight", &[8], 0, 96),
    ];
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend((keys.len() as u64).to_le_bytes());
    for (key, kind, value) in keys {
        bytes.extend([text(key), kind.to_le_bytes().to_vec(), value].concat());
    }
    for (name, shape, kind, offset) in tensors {
        bytes.extend(text(name));
        bytes.extend((shape.len() as u32).to_le_bytes());
        bytes.extend(shape.iter().flat_map(|n| n.to_le_bytes()));
        bytes.extend(kind.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(32) + 96 + 32, 0);
    bytes
}
