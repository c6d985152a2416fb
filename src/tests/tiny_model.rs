//! Makes tiny GGUFs that llama.cpp loads and runs: 64 columns and 300 tokens, where no more
//! are wanted, and fixed pseudo-random weights; of the architectures that can be pruned.

use std::fs;
use std::path::{Path, PathBuf};

const HEADS: u32 = 4;
const ALIGNMENT: usize = 32;

/// What their headers call them all.
pub const NAME: &str = "Tiny <b>test</b> model";

/// GGUF's type numbers.
const U32: u32 = 4;
const I32: u32 = 5;
const F32: u32 = 6;
const TEXT: u32 = 8;
const ARRAY: u32 = 9;

/// What a model is made of.
#[derive(Debug, Clone, Copy)]
pub struct Tiny {
    pub architecture: &'static str,
    /// Of its weights.
    pub seed: u64,
    /// Tokens of its vocabulary, 300 or more.
    pub n_tokens: usize,
    /// Another text of its last token.
    pub last_token: Option<&'static str>,
    pub n_blocks: u32,
    /// Columns of its embedding.
    pub width: u64,
    /// Feed-forward neurons of each block.
    pub n_ff: u32,
    /// Groups of its four heads that share a key and a value.
    pub n_groups: u32,
    /// Whether its matrices are F16 and not F32.
    pub is_half: bool,
    /// Experts that its header speaks of, of which it has none.
    pub n_experts: u32,
    /// How it wants prompts dressed.
    pub chat_template: Option<&'static str>,
}

impl Default for Tiny {
    fn default() -> Self {
        Self {
            architecture: "llama",
            seed: 1,
            n_tokens: 300,
            last_token: None,
            n_blocks: 2,
            width: 64,
            n_ff: 128,
            n_groups: HEADS,
            is_half: false,
            n_experts: 0,
            chat_template: None,
        }
    }
}

impl Tiny {
    /// One of an architecture.
    pub fn of(architecture: &'static str) -> Self {
        Self {
            architecture,
            ..Self::default()
        }
    }
}

/// Writes a model of its own kind into `folder`.
pub fn write_as(folder: &Path, name: &str, tiny: Tiny) -> PathBuf {
    write_bytes(folder, name, &bytes_of(tiny))
}

/// Writes a model into `folder`.
pub fn write(folder: &Path, name: &str) -> PathBuf {
    write_bytes(folder, name, &bytes("llama"))
}

/// Writes an embedding-only model into `folder`.
pub fn write_embedding(folder: &Path, name: &str) -> PathBuf {
    write_bytes(folder, name, &bytes("bert"))
}

/// Writes the first half of a model into `folder`.
pub fn write_truncated(folder: &Path, name: &str) -> PathBuf {
    let bytes = bytes("llama");
    write_bytes(folder, name, &bytes[..bytes.len() / 2])
}

fn write_bytes(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("the test's folder can be written");
    path
}

/// The whole file.
pub fn bytes(architecture: &'static str) -> Vec<u8> {
    bytes_of(Tiny::of(architecture))
}

/// The whole file of a model of its own kind.
pub fn bytes_of(tiny: Tiny) -> Vec<u8> {
    let vocabulary = vocabulary(tiny);
    let keys = metadata(tiny, &vocabulary);
    let tensors = tensors(tiny, vocabulary.len() as u64);
    let mut file = b"GGUF".to_vec();
    file.extend(3_u32.to_le_bytes());
    file.extend((tensors.len() as u64).to_le_bytes());
    file.extend((keys.len() as u64).to_le_bytes());
    for (key, kind, value) in &keys {
        put_text(&mut file, key);
        file.extend(kind.to_le_bytes());
        file.extend(value);
    }
    // ggml's numbers of F16 and F32, and the bytes of an element.
    let kind = |shape: &[u64]| match tiny.is_half && shape.len() > 1 {
        true => (1_u32, 2),
        false => (0, 4),
    };
    let mut offset = 0_u64;
    for (name, shape) in &tensors {
        let (kind, n_bytes) = kind(shape);
        put_text(&mut file, name);
        file.extend((shape.len() as u32).to_le_bytes());
        for size in shape {
            file.extend(size.to_le_bytes());
        }
        file.extend(kind.to_le_bytes());
        file.extend(offset.to_le_bytes());
        offset += (shape.iter().product::<u64>() * n_bytes).next_multiple_of(ALIGNMENT as u64);
    }
    pad(&mut file);
    let mut noise = Noise(tiny.seed);
    for (name, shape) in &tensors {
        let is_norm = name.contains("norm");
        let is_half = kind(shape).1 == 2;
        for _ in 0..shape.iter().product::<u64>() {
            let weight = if is_norm { 1.0 } else { noise.next() };
            match is_half {
                true => file.extend(half(weight).to_le_bytes()),
                false => file.extend(weight.to_le_bytes()),
            }
        }
        pad(&mut file);
    }
    file
}

/// A number as F16: cut off, not rounded, and what is too small is 0.
fn half(number: f32) -> u16 {
    let bits = number.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    // The exponents' biases are 127 and 15.
    match (bits >> 23 & 0xff).checked_sub(127 - 15) {
        None | Some(0) => sign,
        Some(exponent) => sign | (exponent << 10 | bits >> 13 & 0x3ff) as u16,
    }
}

/// Three control tokens, every byte, and some pieces.
fn vocabulary(tiny: Tiny) -> Vec<(String, f32, i32)> {
    let mut tokens = vec![
        ("<unk>".to_owned(), 0.0, 2),
        ("<s>".to_owned(), 0.0, 3),
        ("</s>".to_owned(), 0.0, 3),
    ];
    tokens.extend((0..256).map(|byte| (format!("<0x{byte:02X}>"), 0.0, 6)));
    tokens.push(("\u{2581}".to_owned(), -1.0, 1));
    tokens.extend(('a'..='z').map(|c| (c.to_string(), -2.0, 1)));
    while tokens.len() < tiny.n_tokens {
        tokens.push((format!("\u{2581}w{}", tokens.len()), -3.0, 1));
    }
    if let (Some(text), Some(last)) = (tiny.last_token, tokens.last_mut()) {
        last.0 = text.to_owned();
    }
    tokens
}

type Key = (String, u32, Vec<u8>);

/// The size of a head. That of qwen3 is not the width over the number of heads,
/// as in its real models.
fn head(tiny: Tiny) -> u32 {
    match tiny.architecture {
        "qwen3" => 32,
        _ => tiny.width as u32 / HEADS,
    }
}

fn metadata(tiny: Tiny, vocabulary: &[(String, f32, i32)]) -> Vec<Key> {
    let own = |name: &str| format!("{}.{name}", tiny.architecture);
    let number = |key: String, value: u32| (key, U32, value.to_le_bytes().to_vec());
    let text = |key: &str, value: &str| (key.to_owned(), TEXT, text_bytes(value));
    let array = |key: &str, kind: u32, values: Vec<Vec<u8>>| {
        let mut bytes = kind.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        bytes.extend(values.concat());
        (key.to_owned(), ARRAY, bytes)
    };
    let mut keys = vec![
        text("general.architecture", tiny.architecture),
        text("general.name", NAME),
        number("general.file_type".to_owned(), tiny.is_half.into()),
        number(own("context_length"), 2048),
        number(own("embedding_length"), tiny.width as u32),
        number(own("block_count"), tiny.n_blocks),
        number(own("feed_forward_length"), tiny.n_ff),
        number(own("attention.head_count"), HEADS),
        number(own("attention.head_count_kv"), tiny.n_groups),
        number(own("rope.dimension_count"), head(tiny)),
        number(own("vocab_size"), vocabulary.len() as u32),
        (
            own("attention.layer_norm_rms_epsilon"),
            F32,
            1e-5_f32.to_le_bytes().to_vec(),
        ),
    ];
    if ["qwen3", "gemma3"].contains(&tiny.architecture) {
        keys.push(number(own("attention.key_length"), head(tiny)));
        keys.push(number(own("attention.value_length"), head(tiny)));
    }
    if tiny.architecture == "gemma3" {
        keys.push(number(own("attention.sliding_window"), 16));
    }
    if tiny.n_experts > 0 {
        keys.push(number(own("expert_count"), tiny.n_experts));
    }
    let template = tiny.chat_template;
    keys.extend(template.map(|template| text("tokenizer.chat_template", template)));
    keys.extend([
        text("tokenizer.ggml.model", "llama"),
        number("tokenizer.ggml.unknown_token_id".to_owned(), 0),
        number("tokenizer.ggml.bos_token_id".to_owned(), 1),
        number("tokenizer.ggml.eos_token_id".to_owned(), 2),
        array(
            "tokenizer.ggml.tokens",
            TEXT,
            vocabulary.iter().map(|t| text_bytes(&t.0)).collect(),
        ),
        array(
            "tokenizer.ggml.scores",
            F32,
            vocabulary
                .iter()
                .map(|t| t.1.to_le_bytes().to_vec())
                .collect(),
        ),
        array(
            "tokenizer.ggml.token_type",
            I32,
            vocabulary
                .iter()
                .map(|t| t.2.to_le_bytes().to_vec())
                .collect(),
        ),
    ]);
    keys
}

fn tensors(tiny: Tiny, n_vocabulary: u64) -> Vec<(String, Vec<u64>)> {
    let Tiny { width, .. } = tiny;
    let n_ff = u64::from(tiny.n_ff);
    let head = u64::from(head(tiny));
    let heads = head * u64::from(HEADS);
    let keys = head * u64::from(tiny.n_groups);
    let mut tensors = vec![("token_embd.weight".to_owned(), vec![width, n_vocabulary])];
    for block in 0..tiny.n_blocks {
        let named = |name: &str| format!("blk.{block}.{name}.weight");
        let wide = ["ffn_gate", "ffn_up"];
        tensors.extend(["attn_norm", "ffn_norm"].map(|name| (named(name), vec![width])));
        let projections = [("attn_q", heads), ("attn_k", keys), ("attn_v", keys)];
        tensors.extend(projections.map(|(name, n)| (named(name), vec![width, n])));
        tensors.push((named("attn_output"), vec![heads, width]));
        tensors.extend(wide.map(|name| (named(name), vec![width, n_ff])));
        tensors.push((named("ffn_down"), vec![n_ff, width]));
        if tiny.architecture == "qwen2" {
            let bias = |(name, n): (&str, u64)| (format!("blk.{block}.{name}.bias"), vec![n]);
            tensors.extend(projections.map(bias));
        }
        if ["qwen3", "gemma3"].contains(&tiny.architecture) {
            let norms = ["attn_q_norm", "attn_k_norm"];
            tensors.extend(norms.map(|name| (named(name), vec![head])));
        }
        if tiny.architecture == "gemma3" {
            let norms = ["post_attention_norm", "post_ffw_norm"];
            tensors.extend(norms.map(|name| (named(name), vec![width])));
        }
    }
    tensors.push(("output_norm.weight".to_owned(), vec![width]));
    // As in its real models, gemma3's output is its embedding.
    if tiny.architecture != "gemma3" {
        tensors.push(("output.weight".to_owned(), vec![width, n_vocabulary]));
    }
    tensors
}

/// Numbers between -0.1 and 0.1, the same on every machine (SplitMix64).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let unit = ((z ^ (z >> 31)) >> 40) as f32 / (1_u32 << 24) as f32;
        (unit - 0.5) / 5.0
    }
}

fn text_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_text(&mut bytes, text);
    bytes
}

fn put_text(file: &mut Vec<u8>, text: &str) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend(text.as_bytes());
}

fn pad(file: &mut Vec<u8>) {
    file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
}
