//! What a header becomes when the engine writes its model as F16.

use super::GgufError;
use super::document::{Document, Entry, Named, Stored, Tensor};
use super::error::shown;
use super::types::TensorType;
use super::value::{Value, put_text};

/// What the engine sets, whatever stood there: llama.cpp's number of F16 files, and ggml's
/// version of its quantized types.
const SET: [(&str, u32); 2] = [
    ("general.file_type", 1),
    ("general.quantization_version", 2),
];
/// What it leaves out: a file in parts becomes one.
const LEFT_OUT: [&str; 3] = ["split.no", "split.count", "split.tensors.count"];

impl Document {
    /// What the header says once the engine has written the model as F16: the matrices are
    /// of F16, vectors are what they were. To plan with, not to read weights by: of keys and
    /// tensors that change, only their lengths are right. Source:
    /// `llama_model_quantize_impl` and `tensor_allows_quantization` of `llama-quant.cpp`,
    /// for the tensors of models that can be pruned.
    ///
    /// # Errors
    /// When it says too much for one file.
    pub fn as_f16(self) -> Result<Self, GgufError> {
        let is_new = |key: &str| SET.iter().any(|(set, _)| *set == key) || LEFT_OUT.contains(&key);
        let mut entries = self.entries.into_items();
        entries.retain(|entry| !is_new(&entry.key));
        entries.extend(SET.map(|(key, number)| set(key, number)));
        let mut tensors = self.tensors.into_items();
        for tensor in &mut tensors {
            if is_matrix(tensor) {
                let n_bytes = TensorType::F16.bytes_of(tensor.n_elements);
                tensor.n_bytes = n_bytes.ok_or_else(|| {
                    let name = shown(&tensor.name);
                    GgufError::damaged(format!("\"{name}\" is too large"))
                })?;
                tensor.kind = TensorType::F16;
            }
        }
        let twice = |name: String| GgufError::damaged(format!("\"{}\" comes twice", shown(&name)));
        Ok(Self {
            entries: Named::new(entries).map_err(twice)?,
            tensors: Named::new(tensors).map_err(twice)?,
            ..self
        })
    }
}

fn set(key: &str, number: u32) -> Entry {
    let value = Value::U32(number);
    let mut bytes = Vec::new();
    put_text(&mut bytes, key);
    value.put(&mut bytes);
    Entry {
        key: key.to_owned(),
        place: 0..bytes.len() as u64,
        value: Stored::Value(value),
    }
}

/// Norms are vectors, and so are biases: the engine leaves them alone.
fn is_matrix(tensor: &Tensor) -> bool {
    let is_flat = tensor.shape.iter().skip(1).all(|size| *size == 1);
    !is_flat && tensor.name.ends_with("weight") && !tensor.name.contains("_norm.weight")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::gguf::rewrite::Rewrite;
    use crate::gguf::sample::Sample;

    fn read(sample: &Sample) -> Document {
        let bytes = sample.bytes();
        Document::read(Cursor::new(&bytes), bytes.len() as u64).expect("a model")
    }

    /// A model whose matrices are of this type.
    fn sample(kind: TensorType) -> Sample {
        let mut sample = Sample::model("llama", 2, 64, 128);
        for (_, own, shape) in &mut sample.tensors {
            if shape.len() > 1 {
                *own = kind;
            }
        }
        sample
    }

    #[test]
    fn a_quantized_header_becomes_that_of_the_same_model_in_f16() {
        let q4_0 = TensorType::of_id(2).expect("Q4_0");
        let mut exact = sample(TensorType::F16);
        for (key, number) in SET {
            exact.set(key, Value::U32(number));
        }
        let exact_bytes = exact.bytes().len() as u64;
        let exact = read(&exact);
        // Whatever it says of its types, and whether it does.
        let bare = sample(q4_0);
        let mut said = sample(q4_0);
        said.set("general.quantization_version", Value::U32(1));
        said.set("general.file_type", Value::U64(2));
        said.set("split.count", Value::U16(1));
        for quantized in [bare, said].map(|sample| read(&sample)) {
            let upcast = quantized.as_f16().expect("a header");
            assert!(!upcast.has("split.count"));
            for (key, number) in SET {
                assert_eq!(upcast.value(key), Some(&Value::U32(number)), "{key}");
            }
            let kinds = |document: &Document| {
                let kind = |tensor: &Tensor| (tensor.name.clone(), tensor.kind, tensor.n_bytes);
                document.tensors().map(kind).collect::<Vec<_>>()
            };
            assert_eq!(kinds(&upcast), kinds(&exact));
            assert_eq!(Rewrite::of(&upcast).size_bytes(), exact_bytes);
        }
    }

    #[test]
    fn what_is_no_matrix_stays_what_it_is() {
        let mut sample = sample(TensorType::F32);
        sample.add("blk.0.ffn_down.bias", TensorType::F32, &[64]);
        sample.add("blk.0.attn_q.weight_row", TensorType::F32, &[64, 2]);
        sample.add("rope_freqs.weight", TensorType::F32, &[32, 1]);
        let upcast = read(&sample).as_f16().expect("a header");
        let kind = |name: &str| upcast.tensor(name).map(|tensor| tensor.kind);
        for name in [
            "blk.0.ffn_norm.weight",
            "blk.0.ffn_down.bias",
            "blk.0.attn_q.weight_row",
            "rope_freqs.weight",
        ] {
            assert_eq!(kind(name), Some(TensorType::F32), "{name}");
        }
        assert_eq!(kind("blk.0.ffn_down.weight"), Some(TensorType::F16));
    }
}
