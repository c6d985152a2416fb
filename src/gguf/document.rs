//! A GGUF file's whole header: metadata and tensor table, in their order.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::types::TensorType;
use super::value::Value;
use super::{GgufError, header};

/// What a GGUF file says, without its weights. All texts are untrusted. Long
/// arrays (a vocabulary) stay in the file: only where they are is known.
#[derive(Debug)]
pub struct Document {
    pub(super) version: u32,
    pub(super) alignment: u64,
    pub(super) entries: Named<Entry>,
    pub(super) tensors: Named<Tensor>,
    pub(super) data_offset: u64,
}

/// A key of the metadata with its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where key, type and value are in the file.
    pub(super) place: Range<u64>,
    pub(super) value: Stored,
}

/// A value, or that it is too long to be kept.
#[derive(Debug, PartialEq)]
pub(super) enum Stored {
    Value(Value),
    /// An array of texts, or of many numbers: how many.
    LongArray(u64),
}

/// One tensor of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    pub(super) name: String,
    pub(super) kind: TensorType,
    pub(super) shape: Vec<u64>,
    pub(super) n_elements: u64,
    pub(super) n_bytes: u64,
    /// From the beginning of the tensors' data.
    pub(super) offset: u64,
}

impl Tensor {
    /// Its name, such as `blk.0.ffn_down.weight`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its elements.
    pub fn kind(&self) -> TensorType {
        self.kind
    }

    /// Its dimensions as ggml counts them: the length of a row (columns) first,
    /// then the number of rows.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// How many elements it has.
    pub fn n_elements(&self) -> u64 {
        self.n_elements
    }

    /// How many bytes it takes.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// The length of a row, elements.
    pub fn n_columns(&self) -> u64 {
        self.shape.first().copied().unwrap_or(1)
    }

    /// How many rows there are, over all further dimensions.
    pub fn n_rows(&self) -> u64 {
        self.n_elements / self.n_columns()
    }

    /// The bytes of a row.
    pub fn row_bytes(&self) -> u64 {
        self.n_bytes / self.n_rows()
    }
}

impl Document {
    /// Reads the header of a file of `len` bytes.
    ///
    /// # Errors
    /// When it cannot be read, is no GGUF, or is truncated or damaged.
    pub fn read(file: impl Read + Seek, len: u64) -> Result<Self, GgufError> {
        header::read(file, len)
    }

    /// The value of a key, unless it is a long array.
    pub fn value(&self, key: &str) -> Option<&Value> {
        match &self.entries.get(key)?.value {
            Stored::Value(value) => Some(value),
            Stored::LongArray(_) => None,
        }
    }

    /// The keys, in the file's order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    /// Whether a key is there, whatever its value.
    pub fn has(&self, key: &str) -> bool {
        self.entries.get(key).is_some()
    }

    /// The text of a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer of a key, of whatever size.
    pub fn unsigned(&self, key: &str) -> Option<u64> {
        self.value(key)?.unsigned()
    }

    /// How many items the array of a key has.
    pub fn array_length(&self, key: &str) -> Option<u64> {
        match &self.entries.get(key)?.value {
            Stored::Value(Value::Array(array)) => Some(array.len() as u64),
            Stored::LongArray(length) => Some(*length),
            Stored::Value(_) => None,
        }
    }

    /// `general.architecture`; empty where it is missing.
    pub fn architecture(&self) -> &str {
        self.text("general.architecture").unwrap_or_default()
    }

    /// The tensors, in the file's order.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = &Tensor> {
        self.tensors.iter()
    }

    /// The tensor of a name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Where the tensors' data begins in the file.
    pub fn data_offset(&self) -> u64 {
        self.data_offset
    }

    /// Elements of all tensors.
    pub fn n_params(&self) -> u64 {
        self.tensors().map(|tensor| tensor.n_elements).sum()
    }

    /// The bytes of some rows of a tensor of `source`, which is the file that
    /// this was read from.
    ///
    /// # Errors
    /// When there are no such rows, or `source` cannot be read, or has become
    /// shorter.
    pub fn read_rows(
        &self,
        source: &mut (impl Read + Seek),
        tensor: &Tensor,
        rows: Range<u64>,
    ) -> io::Result<Vec<u8>> {
        if rows.start > rows.end || rows.end > tensor.n_rows() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{} has {} rows, not {rows:?}", tensor.name, tensor.n_rows()),
            ));
        }
        let row = tensor.row_bytes();
        let n_bytes = usize::try_from((rows.end - rows.start) * row).map_err(io::Error::other)?;
        let begin = self.data_offset + tensor.offset + rows.start * row;
        let mut bytes = vec![0; n_bytes];
        source.seek(SeekFrom::Start(begin))?;
        source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// All bytes of a tensor of `source`, which is the file that this was read
    /// from.
    ///
    /// # Errors
    /// When `source` cannot be read, or has become shorter.
    pub fn read_tensor(
        &self,
        source: &mut (impl Read + Seek),
        tensor: &Tensor,
    ) -> io::Result<Vec<u8>> {
        self.read_rows(source, tensor, 0..tensor.n_rows())
    }
}

/// What is found by its name.
pub(super) trait HasName {
    fn name(&self) -> &str;
}

impl HasName for Entry {
    fn name(&self) -> &str {
        &self.key
    }
}

impl HasName for Tensor {
    fn name(&self) -> &str {
        &self.name
    }
}

/// A list in its own order, each name once, found fast.
#[derive(Debug)]
pub(super) struct Named<T> {
    items: Vec<T>,
    /// Places in `items`, in the order of their names.
    by_name: Vec<u32>,
}

impl<T: HasName> Named<T> {
    /// The list of `items`, or a name that comes twice.
    pub(super) fn new(items: Vec<T>) -> Result<Self, String> {
        let mut by_name: Vec<u32> = (0..).take(items.len()).collect();
        by_name.sort_unstable_by_key(|place| items[*place as usize].name());
        let name = |place: u32| items[place as usize].name();
        match by_name
            .windows(2)
            .find(|pair| name(pair[0]) == name(pair[1]))
        {
            Some(pair) => Err(name(pair[0]).to_owned()),
            None => Ok(Self { items, by_name }),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&T> {
        let at = |place: &u32| self.items[*place as usize].name();
        let found = self.by_name.binary_search_by(|place| at(place).cmp(name));
        Some(&self.items[self.by_name[found.ok()?] as usize])
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.items.iter()
    }

    pub(super) fn into_items(self) -> Vec<T> {
        self.items
    }
}
