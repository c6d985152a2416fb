//! Reads the header of a GGUF file, every bound checked.

use std::fmt::Display;
use std::io::{Read, Seek};

use super::GgufError;
use super::document::{Document, Entry, Named, Stored, Tensor};
use super::error::shown;
use super::reader::Bounded;
use super::types::TensorType;
use super::value::{self, Array, NumberKind, Value};

const MAX_KEYS: u64 = 65_536;
const MAX_TENSORS: u64 = 262_144;
/// ggml's own limits; a name ends with a zero.
pub(super) const MAX_NAME_BYTES: usize = 64;
const MAX_DIMENSIONS: u32 = 4;
pub(super) const ALIGNMENT_KEY: &str = "general.alignment";
const DEFAULT_ALIGNMENT: u64 = 32;
/// llama.cpp takes any power of two. Below 8, numbers of 8 bytes would lie askew; the
/// largest pages that a file is mapped in, arm64's, have 65,536 bytes, and what is
/// aligned to more is mostly padding.
const ALIGNMENTS: std::ops::RangeInclusive<u64> = 8..=65_536;
/// The least bytes of a key with its value, and of a tensor's entry.
const MIN_KEY_BYTES: u64 = 8 + 4 + 1;
const MIN_TENSOR_BYTES: u64 = 8 + 4 + 4 + 8;
/// Arrays of more numbers are left in the file: those of a block each are
/// shorter (llama.cpp reads 512 blocks at most), and a vocabulary's is longer. How many
/// an array has is bounded by the header's bytes alone.
const MAX_KEPT_ITEMS: u64 = 1024;

/// Reads the header of a file of `len` bytes.
pub(super) fn read(inner: impl Read + Seek, len: u64) -> Result<Document, GgufError> {
    let mut file = Bounded::new(inner, len);
    if len == 0 {
        return Err(GgufError::Empty);
    }
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
    let entries = read_metadata(&mut file, n_keys)?;
    let alignment = alignment(&entries)?;
    let tensors = read_tensors(&mut file, n_tensors, alignment)?;
    let data_offset = file.position().next_multiple_of(alignment);
    Ok(Document {
        version,
        alignment,
        entries,
        tensors,
        data_offset,
    })
}

fn read_metadata(
    file: &mut Bounded<impl Read + Seek>,
    n_keys: u64,
) -> Result<Named<Entry>, GgufError> {
    let mut entries = Vec::with_capacity(usize::try_from(n_keys).unwrap_or(0));
    for _ in 0..n_keys {
        let begin = file.position();
        let key = file.text("a metadata key")?;
        if key.is_empty() {
            return Err(GgufError::damaged("a metadata key without a name"));
        }
        let kind = file.u32("a metadata type")?;
        if key == ALIGNMENT_KEY && NumberKind::of_id(kind) != Some(NumberKind::U32) {
            return Err(GgufError::damaged("an alignment that is no 32-bit number"));
        }
        let value = read_value(file, kind)?;
        entries.push(Entry {
            key,
            place: begin..file.position(),
            value,
        });
    }
    Named::new(entries).map_err(|key| {
        let key = shown(&key);
        GgufError::damaged(format!("the key \"{key}\" comes twice"))
    })
}

fn read_value(file: &mut Bounded<impl Read + Seek>, id: u32) -> Result<Stored, GgufError> {
    let what = "a metadata value";
    if let Some(kind) = NumberKind::of_id(id) {
        let bytes = match kind.n_bytes() {
            1 => padded(file.bytes::<1>(what)?),
            2 => padded(file.bytes::<2>(what)?),
            4 => padded(file.bytes::<4>(what)?),
            _ => file.bytes::<8>(what)?,
        };
        return Ok(Stored::Value(Value::number(kind, bytes)));
    }
    match id {
        value::TEXT => Ok(Stored::Value(Value::Text(file.text(what)?))),
        value::ARRAY => read_array(file),
        other => Err(GgufError::damaged(format!(
            "metadata type {other} does not exist"
        ))),
    }
}

fn padded<const N: usize>(bytes: [u8; N]) -> [u8; 8] {
    let mut eight = [0; 8];
    eight[..N].copy_from_slice(&bytes);
    eight
}

/// Reads a short array of numbers; passes over others and counts them.
fn read_array(file: &mut Bounded<impl Read + Seek>) -> Result<Stored, GgufError> {
    let what = "a metadata array";
    let id = file.u32(what)?;
    let n = file.u64(what)?;
    if let Some(kind) = NumberKind::of_id(id) {
        let n_bytes = n.saturating_mul(kind.n_bytes() as u64);
        if n > MAX_KEPT_ITEMS {
            file.skip(n_bytes, what)?;
            return Ok(Stored::LongArray(n));
        }
        let items = file.piece(n_bytes, what)?;
        return Ok(Stored::Value(Value::Array(Array::of_bytes(kind, items))));
    }
    match id {
        value::TEXT => {
            // Each text takes at least its length.
            file.require(n.saturating_mul(8), what)?;
            for _ in 0..n {
                file.skip_text(what)?;
            }
            Ok(Stored::LongArray(n))
        }
        // llama.cpp does not read arrays of arrays either.
        value::ARRAY => Err(GgufError::damaged("an array of arrays in the metadata")),
        other => Err(GgufError::damaged(format!(
            "metadata array type {other} does not exist"
        ))),
    }
}

fn alignment(entries: &Named<Entry>) -> Result<u64, GgufError> {
    let Some(entry) = entries.get(ALIGNMENT_KEY) else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    let value = match &entry.value {
        Stored::Value(value) => value.unsigned(),
        Stored::LongArray(_) => None,
    };
    value
        .filter(|value| value.is_power_of_two() && ALIGNMENTS.contains(value))
        .ok_or_else(|| GgufError::damaged(format!("an alignment of {}", value.unwrap_or(0))))
}

fn read_tensors(
    file: &mut Bounded<impl Read + Seek>,
    n_tensors: u64,
    alignment: u64,
) -> Result<Named<Tensor>, GgufError> {
    let mut tensors = Vec::with_capacity(usize::try_from(n_tensors).unwrap_or(0));
    // Where the data of the next tensor begins, and where that of the last ends.
    let mut expected = 0_u64;
    let mut end = 0_u64;
    for _ in 0..n_tensors {
        let name = file.text("a tensor's name")?;
        if name.len() >= MAX_NAME_BYTES {
            return Err(GgufError::damaged("a tensor's name is too long"));
        }
        let tensor = read_tensor(file, name)?;
        // As llama.cpp demands: one after the other, so that none overlap.
        if tensor.offset != expected {
            let begin = tensor.offset;
            let why = format!("begins at {begin} of the data instead of {expected}");
            return Err(refused(&tensor.name, why));
        }
        let ends = tensor.offset.checked_add(tensor.n_bytes);
        let next = ends.and_then(|end| end.checked_next_multiple_of(alignment));
        (end, expected) = ends
            .zip(next)
            .ok_or_else(|| refused(&tensor.name, "ends nowhere"))?;
        tensors.push(tensor);
    }
    if n_tensors > 0 {
        let padding = file.position().next_multiple_of(alignment) - file.position();
        file.require_data(padding.saturating_add(end), "the tensor data")?;
    }
    Named::new(tensors).map_err(|name| refused(&name, "comes twice"))
}

fn read_tensor(file: &mut Bounded<impl Read + Seek>, name: String) -> Result<Tensor, GgufError> {
    let what = "a tensor's entry";
    let n_dimensions = file.u32(what)?;
    if n_dimensions > MAX_DIMENSIONS {
        return Err(refused(&name, format!("has {n_dimensions} dimensions")));
    }
    let impossible = || refused(&name, "has no possible size");
    let mut n_elements = 1_u64;
    let mut shape = Vec::with_capacity(n_dimensions as usize);
    for _ in 0..n_dimensions {
        let size = file.u64(what)?;
        shape.push(size);
        n_elements = n_elements
            .checked_mul(size)
            .filter(|n| *n > 0 && i64::try_from(*n).is_ok())
            .ok_or_else(impossible)?;
    }
    let id = file.u32(what)?;
    let kind = TensorType::of_id(id)
        .ok_or_else(|| refused(&name, format!("has type {id}, which is unknown here")))?;
    let row = shape.first().copied().unwrap_or(1);
    if !row.is_multiple_of(kind.block()) {
        let (block, kind) = (kind.block(), kind.name());
        let why = format!("has rows of {row}, no multiple of {block} as {kind} needs");
        return Err(refused(&name, why));
    }
    let n_bytes = kind.bytes_of(n_elements).ok_or_else(impossible)?;
    let offset = file.u64(what)?;
    Ok(Tensor {
        name,
        kind,
        shape,
        n_elements,
        n_bytes,
        offset,
    })
}

/// What is wrong with a tensor.
fn refused(name: &str, why: impl Display) -> GgufError {
    GgufError::damaged(format!("tensor \"{}\" {why}", shown(name)))
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
