//! The fuzz target of the GGUF reader and writer and of pruning: no input panics,
//! hangs, or makes them allocate more than a small multiple of the input's size;
//! what is read can be written, and what is pruned is the model that was forecast.
//! See `make fuzz`.

#![no_main]

use std::alloc::System;
use std::fs;
use std::io::{self, Cursor};

use cap::Cap;
use libfuzzer_sys::fuzz_target;
use whittle::domain::pruning::{Prune, PruningMethod, PruningRatio};
use whittle::gguf::{
    AttentionCut, BlockCut, BlockShape, Content, Document, Down, ModelShape, Narrowing,
    PruningPlan, Rewrite, SliceEnd, TensorType, Way, check, plan_pruning, pruned, slice_blocks,
    without_blocks,
};

/// Ends the process when the reader wants more than its share.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes of memory for each byte of input: a key costs 13 bytes in the file,
/// and its entry in the list some 100.
const SHARE: usize = 32;
/// The same for pruning: the document, the new file, and the document of that.
const PRUNING_SHARE: usize = 3 * SHARE;
/// What an empty input may take: messages, tables.
const BASE: usize = 16 << 10;

fuzz_target!(
    init: write_seeds(),
    |input: &[u8]| {
        let before = MEMORY.allocated();
        let allow = |share: usize| {
            let limit = before + BASE + share * input.len();
            MEMORY.set_limit(limit).expect("the limit is above what is taken");
        };
        allow(SHARE);
        let is_model = check(Cursor::new(input), input.len() as u64).is_ok();
        if let Ok(document) = Document::read(Cursor::new(input), input.len() as u64) {
            write(&Rewrite::of(&document), input);
            allow(PRUNING_SHARE);
            cut(&document, is_model, input);
        }
        MEMORY.set_limit(usize::MAX).expect("no limit is above all");
    }
);

fn write(rewrite: &Rewrite<'_>, input: &[u8]) {
    let written = rewrite.write(&mut Cursor::new(input), &mut io::sink(), |_, _| ());
    written.expect("what was read can be written");
}

/// Cuts what can be cut.
fn cut(document: &Document, is_model: bool, input: &[u8]) {
    let Ok(shape) = ModelShape::of(document) else {
        return;
    };
    for (method, share) in PruningMethod::ALL
        .into_iter()
        .flat_map(|method| [(method, 0.3), (method, 0.5)])
    {
        let ratio = PruningRatio::try_from(share).expect("a ratio");
        let Ok(plan) = plan_pruning(&shape, Prune::new(method, ratio)) else {
            continue;
        };
        for way in &plan.ways {
            if let Some(new) = prune((document, &shape), &plan, *way, input) {
                read_again(&new, is_model, *way, &shape);
            }
        }
    }
    let without = without_blocks(document, &shape, &[0]);
    let slice = slice_blocks(document, &shape, &[0], SliceEnd::Block);
    for rewrite in [without, slice].into_iter().flatten() {
        write(&rewrite, input);
    }
}

/// The file that is pruned so, which is as large as was forecast; none: it cannot be.
fn prune(
    (document, shape): (&Document, &ModelShape),
    plan: &PruningPlan,
    way: Way,
    input: &[u8],
) -> Option<Vec<u8>> {
    let name = "pruned";
    let cuts = (0..).zip(&shape.blocks);
    let cuts = cuts.map(|(layer, block)| cut_block(layer, block, shape, plan, way));
    let rewrite = pruned(document, shape, cuts.collect());
    let forecast = plan.size_bytes(document, shape, way, name, &[]);
    let (Ok(mut rewrite), Ok(n_bytes)) = (rewrite, forecast.clone()) else {
        assert!(forecast.is_err(), "what was forecast can be made");
        return None;
    };
    rewrite.label(name, &[]);
    let mut new = Vec::with_capacity(n_bytes as usize);
    let written = rewrite.write(&mut Cursor::new(input), &mut new, |_, _| ());
    written.expect("what was read can be written");
    assert_eq!(new.len() as u64, n_bytes, "it is as large as was forecast");
    Some(new)
}

/// The first blocks go, and so do the last neurons of the others.
fn cut_block(
    layer: u32,
    block: &BlockShape,
    shape: &ModelShape,
    plan: &PruningPlan,
    way: Way,
) -> BlockCut {
    if layer < way.n_blocks_removed {
        return BlockCut::Remove;
    }
    if way.n_ff == shape.n_ff {
        return BlockCut::Keep;
    }
    let refitted = |kind: TensorType, n_columns: u32| {
        let n_weights = u64::from(n_columns) * u64::from(shape.n_embd);
        match kind.bytes_of(n_weights) {
            Some(n_bytes) if plan.with_bias => Down::Refitted {
                kind,
                weights: Content::Bytes(vec![0; n_bytes as usize]),
                bias: Some(vec![0.0; shape.n_embd as usize]),
            },
            _ => Down::Columns,
        }
    };
    let attention = || {
        let heads = shape.heads.filter(|_| way.n_groups_removed > 0)?;
        let n_groups = heads.n_groups - way.n_groups_removed;
        Some(AttentionCut {
            groups: Some((0..n_groups).collect()),
            output: refitted(block.output?, n_groups * heads.group_width()),
        })
    };
    BlockCut::Narrow(Narrowing {
        keep: (0..way.n_ff).collect(),
        down: refitted(block.down, way.n_ff),
        attention: attention(),
    })
}

/// Reads a pruned file, which is the model that was planned.
fn read_again(new: &[u8], is_model: bool, way: Way, old: &ModelShape) {
    let n_bytes = new.len() as u64;
    if is_model {
        check(Cursor::new(new), n_bytes).expect("it is still a model");
    }
    let document = Document::read(Cursor::new(new), n_bytes).expect("what was written is whole");
    let shape = ModelShape::of(&document).expect("what was pruned can be pruned again");
    let n_blocks = old.n_blocks() - way.n_blocks_removed;
    assert_eq!((shape.n_blocks(), shape.n_ff), (n_blocks, way.n_ff));
    if let Some(heads) = old.heads {
        let n_groups = shape.heads.map(|heads| heads.n_groups);
        assert_eq!(n_groups, Some(heads.n_groups - way.n_groups_removed));
    }
    assert_eq!(shape.block_weights(), way.block_weights);
    assert_eq!(document.n_params(), way.n_params);
}

/// Puts files that pass into the folder that `SEEDS` names, to start from.
fn write_seeds() {
    let Some(folder) = std::env::var_os("SEEDS") else {
        return;
    };
    let models = [
        ("gemma3", model("gemma3", F16, &[], false)),
        (
            "biased",
            model("llama", F16, &["gate", "up", "down"], false),
        ),
        ("quantized", model("qwen2", Q8_0, &[], false)),
        ("grouped", model("llama", F16, &[], true)),
    ];
    for (name, bytes) in &models {
        assert!(bytes.len() < 4096, "{name} is longer than inputs may be");
        can_be_pruned(bytes);
    }
    let others = [("llama", seed("llama", 2)), ("bert", seed("bert", 1))];
    for (name, bytes) in others.into_iter().chain(models) {
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

/// Every method finds a way, or what is searched for from here is never cut.
fn can_be_pruned(bytes: &[u8]) {
    let document = Document::read(Cursor::new(bytes), bytes.len() as u64).expect("a file");
    let shape = ModelShape::of(&document).expect("a model that can be pruned");
    for method in PruningMethod::ALL {
        let ratio = PruningRatio::try_from(0.5).expect("a ratio");
        plan_pruning(&shape, Prune::new(method, ratio)).expect("a way");
    }
}

/// GGUF's numbers of types.
const F32: u32 = 0;
const F16: u32 = 1;
const Q8_0: u32 = 8;

/// A model that can be cut: 2 blocks of 64 neurons, its `ffn_down` of this type, with
/// biases of these, and two attention heads or none.
fn model(architecture: &str, down: u32, biases: &[&str], has_heads: bool) -> Vec<u8> {
    let own = |name: &str| format!("{architecture}.{name}");
    let numbers = [
        ("block_count", 2_u32),
        ("embedding_length", 2),
        ("feed_forward_length", 64),
        ("attention.head_count", 2),
        ("attention.sliding_window", 4),
    ]
    .map(|(name, n)| (own(name), n));
    let mut keys = vec![("general.architecture", 8, text(architecture))];
    keys.extend(
        numbers
            .iter()
            .map(|(key, n)| (key.as_str(), 4, n.to_le_bytes().to_vec())),
    );
    let mut tensors = vec![("token_embd.weight".to_owned(), vec![2, 4], F32, 32)];
    for layer in 0..2 {
        let at = |part: &str| format!("blk.{layer}.ffn_{part}");
        for part in ["gate", "up"] {
            tensors.push((at(part) + ".weight", vec![2, 64], F16, 256));
        }
        let n_bytes = if down == Q8_0 { 136 } else { 256 };
        tensors.push((at("down") + ".weight", vec![64, 2], down, n_bytes));
        for part in ["q", "k", "v", "output"].into_iter().filter(|_| has_heads) {
            let name = format!("blk.{layer}.attn_{part}.weight");
            tensors.push((name, vec![2, 2], F16, 8));
        }
        for part in biases {
            let n = if *part == "down" { 2 } else { 64 };
            tensors.push((at(part) + ".bias", vec![n], F32, n as usize * 4));
        }
    }
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
