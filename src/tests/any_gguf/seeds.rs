//! Small files that pass, to start from: one of each kind of value, and models that can
//! be pruned.

use std::io::Cursor;

use whittle::domain::pruning::{Prune, PruningMethod, PruningRatio};
use whittle::gguf::{Document, ModelShape, plan_pruning};

/// The files with their names.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let models = vec![
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
    models.into_iter().chain(others).collect()
}

/// A text with its length before it.
pub fn text(s: &str) -> Vec<u8> {
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
pub fn file(keys: &[(&str, u32, Vec<u8>)], tensors: &[(String, Vec<u64>, u32, usize)]) -> Vec<u8> {
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
