//! Whether a GGUF file is a language model that can be measured, and what its
//! header says.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use super::GgufError;
use super::document::{Document, Tensor};
use super::error::shown;
use super::types::file_type;
use super::value::Value;

/// What a model's header says. All texts are untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelHeader {
    /// `general.name`, cleaned of control characters, at most 200 characters.
    pub name: Option<String>,
    /// `general.architecture`, such as `llama`.
    pub architecture: String,
    /// llama.cpp's name of the file type; where the file does not say, the
    /// tensor type that takes the most bytes.
    pub file_type: String,
    /// Elements of all tensors.
    pub n_params: u64,
    /// The tensors by their types, the most bytes first.
    pub tensor_types: Vec<TensorTypeCount>,
    /// Bytes before the tensors' data.
    pub header_bytes: u64,
    /// The context length that the model was trained for, tokens.
    pub n_ctx_train: Option<u32>,
    /// Keys and values that the context keeps of each token, at 16 bits, bytes;
    /// none where the header does not say enough.
    pub kv_bytes_per_token: Option<u64>,
    /// Tokens in the vocabulary.
    pub n_vocab: Option<u64>,
    /// `whittle.provenance`: how Whittle made the file.
    pub provenance: Option<String>,
}

/// The tensors of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorTypeCount {
    /// The type, such as `Q4_K`.
    pub name: &'static str,
    /// How many there are.
    pub n_tensors: u32,
    /// Their elements.
    pub n_elements: u64,
    /// Their bytes.
    pub n_bytes: u64,
}

/// Architectures that turn text into one vector and generate nothing, and the
/// projectors that come beside a model. Source: `llama-arch.cpp`.
const NOT_GENERATIVE: [&str; 12] = [
    "bert",
    "modern-bert",
    "nomic-bert",
    "nomic-bert-moe",
    "neo-bert",
    "jina-bert-v2",
    "jina-bert-v3",
    "eurobert",
    "t5encoder",
    "gemma-embedding",
    "clip",
    "wavtokenizer-dec",
];

/// Reads and checks the header of the file at `path`. Blocks for some
/// milliseconds.
///
/// # Errors
/// When the file cannot be read, is no GGUF, is truncated or damaged, or is a
/// GGUF that generates no text.
pub fn check_model(path: &Path) -> Result<ModelHeader, GgufError> {
    open_model(path).map(|(_, header)| header)
}

/// The same, with the file that was checked, for whoever reads it: what the path leads
/// to can be another one a moment later.
///
/// # Errors
/// As [`check_model`].
pub fn open_model(path: &Path) -> Result<(File, ModelHeader), GgufError> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let header = check(BufReader::with_capacity(1 << 16, &file), len)?;
    file.rewind()?;
    Ok((file, header))
}

/// The same for a file of `len` bytes in any form.
///
/// # Errors
/// As [`check_model`].
pub fn check(file: impl Read + Seek, len: u64) -> Result<ModelHeader, GgufError> {
    let header = Document::read(file, len)?;
    let architecture = header
        .text("general.architecture")
        .ok_or_else(|| GgufError::damaged("general.architecture is missing"))?
        .to_owned();
    refuse_other_kinds(&header, &architecture)?;
    let key = |name: &str| format!("{architecture}.{name}");
    // llama.cpp aborts on a model without blocks.
    match header.unsigned(&key("block_count")) {
        Some(1..=4096) => {}
        _ => {
            return Err(GgufError::damaged(format!(
                "{}.block_count is missing or absurd",
                shown(&architecture)
            )));
        }
    }
    Ok(ModelHeader {
        name: header
            .text("general.name")
            .map(clean)
            .filter(|n| !n.is_empty()),
        file_type: file_type_of(&header),
        n_params: header.n_params(),
        tensor_types: tensor_types(header.tensors()),
        header_bytes: header.data_offset(),
        n_ctx_train: header
            .unsigned(&key("context_length"))
            .and_then(|n| u32::try_from(n).ok())
            .filter(|n| *n > 0),
        kv_bytes_per_token: kv_bytes_per_token(&header, &architecture),
        n_vocab: header.array_length("tokenizer.ggml.tokens"),
        provenance: header.text("whittle.provenance").map(clean),
        architecture: clean(&architecture),
    })
}

fn refuse_other_kinds(header: &Document, architecture: &str) -> Result<(), GgufError> {
    let refuse = |reason: String| Err(GgufError::NotGenerative(reason));
    if NOT_GENERATIVE.contains(&architecture) {
        return refuse(format!(
            "this is a {architecture} file, which generates no text (an embedding model or a projector); choose a chat or text model"
        ));
    }
    if header
        .text("general.type")
        .is_some_and(|kind| kind == "adapter")
    {
        return refuse(
            "this is a LoRA adapter, not a model; merge it into its base model first".into(),
        );
    }
    if header.unsigned("split.count").is_some_and(|n| n > 1) {
        return refuse(
            "this is one part of a split model; join the parts with llama-gguf-split --merge"
                .into(),
        );
    }
    if header.tensors().len() == 0 {
        return refuse(
            "this file holds a vocabulary and no weights; choose the model itself".into(),
        );
    }
    let no_causal = format!("{architecture}.attention.causal");
    let pooling = format!("{architecture}.pooling_type");
    if header.value(&no_causal) == Some(&Value::Bool(false))
        || header.unsigned(&pooling).is_some_and(|kind| kind > 0)
    {
        return refuse(
            "this is an embedding model, which generates no text; choose a chat or text model"
                .into(),
        );
    }
    Ok(())
}

/// Two bytes for each element of keys and values in every block; the formula of
/// `llama_kv_cache`. Heads that differ from block to block, and architectures
/// that keep a state instead, are not estimated.
fn kv_bytes_per_token(header: &Document, architecture: &str) -> Option<u64> {
    let number = |name: &str| header.unsigned(&format!("{architecture}.{name}"));
    let n_heads = number("attention.head_count").filter(|n| *n > 0)?;
    let n_kv_heads = match header.has(&format!("{architecture}.attention.head_count_kv")) {
        false => n_heads,
        true => number("attention.head_count_kv")?,
    };
    let head = number("embedding_length")? / n_heads;
    let elements = number("attention.key_length").unwrap_or(head);
    let elements = elements.checked_add(number("attention.value_length").unwrap_or(head))?;
    number("block_count")?
        .checked_mul(n_kv_heads)?
        .checked_mul(elements)?
        .checked_mul(2)
}

fn file_type_of(header: &Document) -> String {
    header
        .unsigned("general.file_type")
        .and_then(file_type)
        .or_else(|| Some(tensor_types(header.tensors()).first()?.name))
        .unwrap_or("unknown")
        .to_owned()
}

fn tensor_types<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> Vec<TensorTypeCount> {
    let mut types: BTreeMap<&'static str, TensorTypeCount> = BTreeMap::new();
    for tensor in tensors {
        let name = tensor.kind().name();
        let count = types.entry(name).or_insert(TensorTypeCount {
            name,
            n_tensors: 0,
            n_elements: 0,
            n_bytes: 0,
        });
        count.n_tensors += 1;
        count.n_elements = count.n_elements.saturating_add(tensor.n_elements());
        count.n_bytes = count.n_bytes.saturating_add(tensor.n_bytes());
    }
    let mut types: Vec<_> = types.into_values().collect();
    types.sort_by_key(|count| Reverse((count.n_bytes, count.name)));
    types
}

fn clean(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    visible.take(200).collect::<String>().trim().to_owned()
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
