//! The header of a GGUF file: metadata and tensor table, every bound checked.

use std::collections::HashMap;
use std::io::{Read, Seek};

use super::GgufError;
use super::reader::Bounded;
use super::types::{TensorType, tensor_type};

const MAX_KEYS: u64 = 65_536;
const MAX_TENSORS: u64 = 262_144;
/// ggml's own limits.
const MAX_NAME_BYTES: usize = 64;
const MAX_DIMENSIONS: u32 = 4;
const ALIGNMENT_KEY: &str = "general.alignment";
const UINT32: u32 = 4;
const DEFAULT_ALIGNMENT: u64 = 32;
/// The alignments in use, and some more.
const ALIGNMENTS: std::ops::RangeInclusive<u64> = 8..=65_536;
/// The least bytes of a key with its value, and of a tensor's entry.
const MIN_KEY_BYTES: u64 = 8 + 4 + 1;
const MIN_TENSOR_BYTES: u64 = 8 + 4 + 4 + 8;

/// A value of the metadata. Arrays are walked through and counted only: a
/// vocabulary is large and nothing here needs it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Integer(i128),
    Float(f64),
    Bool(bool),
    Text(String),
    Array(u64),
}

/// One tensor of the table.
#[derive(Debug)]
pub(super) struct Tensor {
    pub(super) n_elements: u64,
    pub(super) n_bytes: u64,
    pub(super) kind: TensorType,
}

/// What a file says of itself.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) metadata: HashMap<String, Value>,
    pub(super) tensors: HashMap<String, Tensor>,
    /// Where the tensors' data begins.
    pub(super) data_offset: u64,
}

impl Header {
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn array_length(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key) {
            Some(Value::Array(length)) => Some(*length),
            _ => None,
        }
    }

    pub(super) fn unsigned(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key) {
            Some(Value::Integer(value)) => u64::try_from(*value).ok(),
            _ => None,
        }
    }
}

/// Reads the header of a file of `len` bytes.
pub(super) fn read(inner: impl Read + Seek, len: u64) -> Result<Header, GgufError> {
    let mut file = Bounded::new(inner, len);
    if len < 4 || &file.bytes::<4>("the magic")? != b"GGUF" {
        return Err(GgufError::NotGguf);
    }
    let version = file.u32("the version")?;
    if !(2..=3).contains(&version) {
        return Err(GgufError::Version(version));
    }
    let n_tensors = file.u64("the number of tensors")?;
    let n_keys = file.u64("the number of metadata keys")?;
    if n_keys > MAX_KEYS || n_tensors > MAX_TENSORS {
        return Err(GgufError::damaged(format!(
            "it claims {n_keys} metadata keys and {n_tensors} tensors"
        )));
    }
    // Every entry takes room: what is not there is not allocated for.
    file.require(
        n_keys * MIN_KEY_BYTES + n_tensors * MIN_TENSOR_BYTES,
        "the header",
    )?;
    let metadata = read_metadata(&mut file, n_keys)?;
    let alignment = alignment(&metadata)?;
    let tensors = read_tensors(&mut file, n_tensors, alignment)?;
    let data_offset = file.position().next_multiple_of(alignment);
    Ok(Header {
        metadata,
        tensors,
        data_offset,
    })
}

fn read_metadata(
    file: &mut Bounded<impl Read + Seek>,
    n_keys: u64,
) -> Result<HashMap<String, Value>, GgufError> {
    let mut metadata = HashMap::new();
    for _ in 0..n_keys {
        let key = file.text("a metadata key")?;
        if key.is_empty() {
            return Err(GgufError::damaged("a metadata key without a name"));
        }
        let kind = file.u32("a metadata type")?;
        if key == ALIGNMENT_KEY && kind != UINT32 {
            return Err(GgufError::damaged("an alignment that is no 32-bit number"));
        }
        let value = read_value(file, kind)?;
        if metadata.contains_key(&key) {
            return Err(GgufError::damaged(format!("the key {key:?} comes twice")));
        }
        metadata.insert(key, value);
    }
    Ok(metadata)
}

fn read_value(file: &mut Bounded<impl Read + Seek>, kind: u32) -> Result<Value, GgufError> {
    let what = "a metadata value";
    Ok(match kind {
        0 => Value::Integer(i128::from(file.bytes::<1>(what)?[0])),
        1 => Value::Integer(i128::from(i8::from_le_bytes(file.bytes(what)?))),
        2 => Value::Integer(i128::from(u16::from_le_bytes(file.bytes(what)?))),
        3 => Value::Integer(i128::from(i16::from_le_bytes(file.bytes(what)?))),
        4 => Value::Integer(i128::from(file.u32(what)?)),
        5 => Value::Integer(i128::from(i32::from_le_bytes(file.bytes(what)?))),
        6 => Value::Float(f64::from(f32::from_le_bytes(file.bytes(what)?))),
        7 => Value::Bool(file.bytes::<1>(what)?[0] != 0),
        8 => Value::Text(file.text(what)?),
        9 => Value::Array(skip_array(file)?),
        10 => Value::Integer(i128::from(file.u64(what)?)),
        11 => Value::Integer(i128::from(i64::from_le_bytes(file.bytes(what)?))),
        12 => Value::Float(f64::from_le_bytes(file.bytes(what)?)),
        other => {
            return Err(GgufError::damaged(format!(
                "metadata type {other} does not exist"
            )));
        }
    })
}

/// Passes over an array and returns its length.
fn skip_array(file: &mut Bounded<impl Read + Seek>) -> Result<u64, GgufError> {
    let what = "a metadata array";
    let kind = file.u32(what)?;
    let n = file.u64(what)?;
    let width = match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        10..=12 => 8,
        8 => {
            // Each text takes at least its length.
            file.require(n.saturating_mul(8), what)?;
            for _ in 0..n {
                file.skip_text(what)?;
            }
            return Ok(n);
        }
        // llama.cpp does not read arrays of arrays either.
        9 => return Err(GgufError::damaged("an array of arrays in the metadata")),
        other => {
            return Err(GgufError::damaged(format!(
                "metadata array type {other} does not exist"
            )));
        }
    };
    file.skip(n.saturating_mul(width), what)?;
    Ok(n)
}

fn alignment(metadata: &HashMap<String, Value>) -> Result<u64, GgufError> {
    let Some(Value::Integer(value)) = metadata.get(ALIGNMENT_KEY) else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    u64::try_from(*value)
        .ok()
        .filter(|value| value.is_power_of_two() && ALIGNMENTS.contains(value))
        .ok_or_else(|| GgufError::damaged(format!("an alignment of {value}")))
}

fn read_tensors(
    file: &mut Bounded<impl Read + Seek>,
    n_tensors: u64,
    alignment: u64,
) -> Result<HashMap<String, Tensor>, GgufError> {
    let mut tensors = HashMap::new();
    // Where the data of the next tensor begins, and where that of the last ends.
    let mut expected = 0_u64;
    let mut end = 0_u64;
    for _ in 0..n_tensors {
        let name = file.text("a tensor's name")?;
        if name.len() >= MAX_NAME_BYTES {
            return Err(GgufError::damaged("a tensor's name is too long"));
        }
        let (tensor, offset) = read_tensor(file, &name)?;
        // As llama.cpp demands: one after the other, so that none overlap.
        if offset != expected {
            return Err(GgufError::damaged(format!(
                "tensor {name:?} begins at {offset} of the data instead of {expected}"
            )));
        }
        let ends = offset.checked_add(tensor.n_bytes);
        let next = ends.and_then(|end| end.checked_next_multiple_of(alignment));
        (end, expected) = ends
            .zip(next)
            .ok_or_else(|| GgufError::damaged(format!("tensor {name:?} ends nowhere")))?;
        if tensors.insert(name.clone(), tensor).is_some() {
            return Err(GgufError::damaged(format!("tensor {name:?} comes twice")));
        }
    }
    if n_tensors > 0 {
        let padding = file.position().next_multiple_of(alignment) - file.position();
        file.require_data(padding.saturating_add(end), "the tensor data")?;
    }
    Ok(tensors)
}

fn read_tensor(
    file: &mut Bounded<impl Read + Seek>,
    name: &str,
) -> Result<(Tensor, u64), GgufError> {
    let what = "a tensor's entry";
    let n_dimensions = file.u32(what)?;
    if n_dimensions > MAX_DIMENSIONS {
        return Err(GgufError::damaged(format!(
            "tensor {name:?} has {n_dimensions} dimensions"
        )));
    }
    let mut n_elements = 1_u64;
    let mut row = 1_u64;
    for dimension in 0..n_dimensions {
        let size = file.u64(what)?;
        if dimension == 0 {
            row = size;
        }
        n_elements = n_elements
            .checked_mul(size)
            .filter(|n| *n > 0 && i64::try_from(*n).is_ok())
            .ok_or_else(|| GgufError::damaged(format!("tensor {name:?} has no possible size")))?;
    }
    let id = file.u32(what)?;
    let kind = tensor_type(id).ok_or_else(|| {
        GgufError::damaged(format!(
            "tensor {name:?} has type {id}, which is unknown here"
        ))
    })?;
    if !row.is_multiple_of(kind.block) {
        return Err(GgufError::damaged(format!(
            "tensor {name:?} has rows of {row}, no multiple of {} as {} needs",
            kind.block, kind.name
        )));
    }
    let n_bytes = (n_elements / kind.block)
        .checked_mul(kind.bytes)
        .ok_or_else(|| GgufError::damaged(format!("tensor {name:?} has no possible size")))?;
    let offset = file.u64(what)?;
    let tensor = Tensor {
        n_elements,
        n_bytes,
        kind,
    };
    Ok((tensor, offset))
}
