//! A GGUF file that is to be made of another: what changes, and what stays.

mod planned;
#[cfg(test)]
mod strategies;
#[cfg(test)]
mod tests;

use super::document::{Document, Entry, Tensor};
use super::header::{ALIGNMENT_KEY, MAX_NAME_BYTES};
use super::types::TensorType;
use super::value::Value;

pub use planned::Content;
pub(super) use planned::{Planned, Source};
#[cfg(test)]
pub(crate) use strategies::any_file;

/// A file to be made of the one that a [`Document`] describes. What is not
/// changed stays as it is, byte for byte and in its order.
#[derive(Debug)]
pub struct Rewrite<'d> {
    pub(super) document: &'d Document,
    pub(super) keys: Vec<Key<'d>>,
    pub(super) tensors: Vec<Planned<'d>>,
}

/// A key of the metadata.
#[derive(Debug)]
pub(super) enum Key<'d> {
    Kept(&'d Entry),
    Set(String, Value),
}

/// A change that does not fit the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tensor}: {what}")]
pub struct RewriteError {
    /// The tensor.
    pub tensor: String,
    /// What does not fit.
    pub what: String,
}

impl Key<'_> {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Kept(entry) => &entry.key,
            Self::Set(key, _) => key,
        }
    }
}

impl<'d> Rewrite<'d> {
    /// An unchanged copy.
    pub fn of(document: &'d Document) -> Self {
        let planned = |tensor: &'d Tensor| Planned {
            name: tensor.name.clone(),
            kind: tensor.kind,
            shape: tensor.shape.clone(),
            n_bytes: tensor.n_bytes,
            source: Source::Whole(tensor),
        };
        Self {
            document,
            keys: document.entries.iter().map(Key::Kept).collect(),
            tensors: document.tensors.iter().map(planned).collect(),
        }
    }

    /// Sets a key, in its old place or at the end. The alignment stays.
    pub fn set(&mut self, key: &str, value: Value) {
        if key == ALIGNMENT_KEY {
            return;
        }
        let set = Key::Set(key.to_owned(), value);
        match self.keys.iter_mut().find(|old| old.name() == key) {
            Some(old) => *old = set,
            None => self.keys.push(set),
        }
    }

    /// Removes the keys for which `is_gone` says so. The alignment stays.
    pub fn remove_keys(&mut self, is_gone: impl Fn(&str) -> bool) {
        let stays = |name: &str| name == ALIGNMENT_KEY || !is_gone(name);
        self.keys.retain(|key| stays(key.name()));
    }

    /// Keeps the tensors whose new name `name` gives; the others go.
    pub fn rename_or_drop(&mut self, name: impl Fn(&str) -> Option<String>) {
        self.tensors.retain_mut(|tensor| match name(&tensor.name) {
            Some(name) => {
                tensor.name = name;
                true
            }
            None => false,
        });
    }

    /// Keeps these rows of a matrix, ascending, as they are.
    ///
    /// # Errors
    /// When there is no such matrix, it is changed already, or has no such rows.
    pub fn keep_rows(&mut self, name: &str, rows: &[u32]) -> Result<(), RewriteError> {
        let (planned, tensor) = self.unchanged(name)?;
        let &[n_columns, n_rows] = tensor.shape.as_slice() else {
            return Err(error(name, "it is no matrix"));
        };
        check_places(name, rows, n_rows, "rows")?;
        let shape = vec![n_columns, rows.len() as u64];
        planned.become_of(tensor.kind, shape, Source::Rows(tensor, rows.to_vec()))
    }

    /// Keeps these columns of every row, ascending, as they are: of a matrix or
    /// a vector, whole blocks of its type.
    ///
    /// # Errors
    /// When there is no such tensor, it is changed already, or has no such
    /// columns; or when its type keeps some of them together with others.
    pub fn keep_columns(&mut self, name: &str, columns: &[u32]) -> Result<(), RewriteError> {
        let (planned, tensor) = self.unchanged(name)?;
        check_places(name, columns, tensor.n_columns(), "columns")?;
        let block = tensor.kind.block();
        let blocks = whole_blocks(columns, block).ok_or_else(|| {
            let kind = tensor.kind.name();
            error(name, format!("{kind} keeps {block} columns together"))
        })?;
        let mut shape = tensor.shape.clone();
        match shape.first_mut() {
            Some(n_columns) => *n_columns = columns.len() as u64,
            None => return Err(error(name, "it is a single number")),
        }
        planned.become_of(tensor.kind, shape, Source::Blocks(tensor, blocks))
    }

    /// Gives a tensor another type, shape and bytes.
    ///
    /// # Errors
    /// When there is no such tensor, or the shape is impossible for the type.
    pub fn replace(
        &mut self,
        name: &str,
        kind: TensorType,
        shape: &[u64],
        content: Content,
    ) -> Result<(), RewriteError> {
        let place = self.place(name)?;
        self.tensors[place].become_of(kind, shape.to_vec(), Source::New(content))
    }

    /// Adds a tensor after the one named `after`.
    ///
    /// # Errors
    /// When there is no `after`, `name` is there already or too long, or the
    /// shape is impossible for the type.
    pub fn add_after(
        &mut self,
        after: &str,
        name: &str,
        kind: TensorType,
        shape: &[u64],
        content: Content,
    ) -> Result<(), RewriteError> {
        if self.has_tensor(name) {
            return Err(error(name, "it is there already"));
        }
        if name.len() >= MAX_NAME_BYTES {
            return Err(error(name, "the name is too long"));
        }
        let place = self.place(after)?;
        let mut planned = Planned {
            name: name.to_owned(),
            kind,
            shape: Vec::new(),
            n_bytes: 0,
            source: Source::New(Content::Bytes(Vec::new())),
        };
        planned.become_of(kind, shape.to_vec(), Source::New(content))?;
        self.tensors.insert(place + 1, planned);
        Ok(())
    }

    /// Numbers of a row of a tensor of the new file.
    ///
    /// # Errors
    /// When there is no such tensor.
    pub fn n_columns(&self, name: &str) -> Result<u64, RewriteError> {
        let tensor = &self.tensors[self.place(name)?];
        Ok(tensor.shape.first().copied().unwrap_or(1))
    }

    /// Whether the new file has a tensor of this name.
    pub fn has_tensor(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// The tensors of the new file.
    pub fn n_tensors(&self) -> u32 {
        u32::try_from(self.tensors.len()).unwrap_or(u32::MAX)
    }

    /// Elements of all tensors of the new file.
    pub fn n_params(&self) -> u64 {
        let n_elements = |planned: &Planned<'_>| planned.shape.iter().product::<u64>();
        self.tensors.iter().map(n_elements).sum()
    }

    fn place(&self, name: &str) -> Result<usize, RewriteError> {
        let found = self.tensors.iter().position(|tensor| tensor.name == name);
        found.ok_or_else(|| error(name, "there is no such tensor"))
    }

    fn unchanged(&mut self, name: &str) -> Result<(&mut Planned<'d>, &'d Tensor), RewriteError> {
        let place = self.place(name)?;
        let planned = &mut self.tensors[place];
        match planned.source {
            Source::Whole(tensor) => Ok((planned, tensor)),
            _ => Err(error(name, "it is changed already")),
        }
    }
}

fn error(tensor: &str, what: impl Into<String>) -> RewriteError {
    RewriteError {
        tensor: tensor.to_owned(),
        what: what.into(),
    }
}

fn check_places(name: &str, places: &[u32], n: u64, what: &str) -> Result<(), RewriteError> {
    let is_ascending = places.windows(2).all(|pair| pair[0] < pair[1]);
    let is_within = places.last().is_some_and(|last| u64::from(*last) < n);
    if is_ascending && is_within {
        return Ok(());
    }
    Err(error(
        name,
        format!("of {n} {what}, some are to be kept that are not there, not in order, or none"),
    ))
}

/// The places of whole blocks in ascending columns; none if a block is not whole.
fn whole_blocks(columns: &[u32], block: u64) -> Option<Vec<u32>> {
    let size = u32::try_from(block).ok()?;
    let pieces = columns.chunks(size as usize);
    let whole = |piece: &[u32]| {
        let first = *piece.first()?;
        let last = *piece.last()?;
        // Ascending and as many as fit between the two: all of them.
        let is_whole =
            piece.len() as u64 == block && first.is_multiple_of(size) && last - first == size - 1;
        is_whole.then(|| first / size)
    };
    pieces.map(whole).collect()
}
