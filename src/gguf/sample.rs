//! GGUF files for tests, in memory.

use super::types::TensorType;
use super::value::{Value, put_text};

/// A file to be.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(super) version: u32,
    pub(super) alignment: u64,
    /// Each with its type and value as they are written.
    pub(super) keys: Vec<(String, Vec<u8>)>,
    pub(super) tensors: Vec<(String, TensorType, Vec<u64>)>,
}

impl Sample {
    pub(crate) fn empty() -> Self {
        Self {
            version: 3,
            alignment: 32,
            keys: Vec::new(),
            tensors: Vec::new(),
        }
    }

    pub(super) fn set(&mut self, key: &str, value: Value) {
        let mut bytes = Vec::new();
        value.put(&mut bytes);
        self.keys.retain(|(old, _)| old != key);
        self.keys.push((key.to_owned(), bytes));
    }

    pub(crate) fn add(&mut self, name: &str, kind: TensorType, shape: &[u64]) {
        self.tensors.push((name.to_owned(), kind, shape.to_vec()));
    }

    /// A model with what its family needs and no vocabulary.
    pub(super) fn model(architecture: &str, n_blocks: u32, n_embd: u64, n_ff: u64) -> Self {
        let mut sample = Self::empty();
        let own = |name: &str| format!("{architecture}.{name}");
        sample.set("general.architecture", Value::Text(architecture.to_owned()));
        sample.set("general.name", Value::Text("Sample".to_owned()));
        for (name, n) in [
            ("block_count", n_blocks),
            ("embedding_length", n_embd as u32),
            ("feed_forward_length", n_ff as u32),
            ("attention.head_count", 2),
        ] {
            sample.set(&own(name), Value::U32(n));
        }
        sample.add("token_embd.weight", TensorType::F16, &[n_embd, 40]);
        for layer in 0..n_blocks {
            let at = |part: &str| format!("blk.{layer}.{part}.weight");
            for part in ["attn_norm", "ffn_norm"] {
                sample.add(&at(part), TensorType::F32, &[n_embd]);
            }
            for part in ["attn_q", "attn_k", "attn_v", "attn_output"] {
                sample.add(&at(part), TensorType::F16, &[n_embd, n_embd]);
            }
            for part in ["ffn_gate", "ffn_up"] {
                sample.add(&at(part), TensorType::F16, &[n_embd, n_ff]);
            }
            sample.add(&at("ffn_down"), TensorType::F16, &[n_ff, n_embd]);
        }
        sample.add("output_norm.weight", TensorType::F32, &[n_embd]);
        sample
    }

    /// The file; its tensors hold numbers that tell one place from another.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend((self.tensors.len() as u64).to_le_bytes());
        bytes.extend((self.keys.len() as u64).to_le_bytes());
        for (key, value) in &self.keys {
            put_text(&mut bytes, key);
            bytes.extend(value);
        }
        let n_bytes = |(_, kind, shape): &(String, TensorType, Vec<u64>)| {
            let n = shape.iter().product();
            kind.bytes_of(n).expect("whole blocks")
        };
        let mut offset = 0_u64;
        for tensor in &self.tensors {
            let (name, kind, shape) = tensor;
            put_text(&mut bytes, name);
            bytes.extend((shape.len() as u32).to_le_bytes());
            bytes.extend(shape.iter().flat_map(|size| size.to_le_bytes()));
            bytes.extend(kind.id().to_le_bytes());
            bytes.extend(offset.to_le_bytes());
            offset += n_bytes(tensor).next_multiple_of(self.alignment);
        }
        let pad = |bytes: &mut Vec<u8>| {
            let len = (bytes.len() as u64).next_multiple_of(self.alignment);
            bytes.resize(len as usize, 0);
        };
        pad(&mut bytes);
        let mut place = 1_u32;
        for tensor in &self.tensors {
            for _ in 0..n_bytes(tensor) {
                // A step that 256 and the sizes of blocks have nothing in common with.
                place = place.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                bytes.push((place >> 24) as u8);
            }
            pad(&mut bytes);
        }
        bytes
    }
}
