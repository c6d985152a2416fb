//! A tensor of the new file, and where its bytes come from.

use std::path::PathBuf;

use super::{RewriteError, error};
use crate::gguf::document::Tensor;
use crate::gguf::types::TensorType;

/// A tensor, and where its bytes come from.
#[derive(Debug)]
pub(in crate::gguf) struct Planned<'d> {
    pub(in crate::gguf) name: String,
    pub(in crate::gguf) kind: TensorType,
    pub(in crate::gguf) shape: Vec<u64>,
    pub(in crate::gguf) n_bytes: u64,
    pub(in crate::gguf) source: Source<'d>,
}

/// Where bytes come from.
#[derive(Debug)]
pub(in crate::gguf) enum Source<'d> {
    Whole(&'d Tensor),
    /// These rows, ascending.
    Rows(&'d Tensor, Vec<u32>),
    /// These blocks of every row, ascending; a block is an element, or what the
    /// type keeps together.
    Blocks(&'d Tensor, Vec<u32>),
    New(Content),
}

/// The bytes of a tensor that no source has.
#[derive(Debug)]
pub enum Content {
    /// In memory.
    Bytes(Vec<u8>),
    /// In a file, from an offset on: read when it is needed, so that memory
    /// never holds a whole model.
    File {
        /// The file.
        path: PathBuf,
        /// Where they begin.
        offset: u64,
    },
}

impl<'d> Planned<'d> {
    pub(super) fn become_of(
        &mut self,
        kind: TensorType,
        shape: Vec<u64>,
        source: Source<'d>,
    ) -> Result<(), RewriteError> {
        let size = || {
            let row = shape.first().copied().unwrap_or(1);
            if !row.is_multiple_of(kind.block()) || shape.len() > 4 {
                return None;
            }
            let n = shape.iter().try_fold(1_u64, |n, size| n.checked_mul(*size));
            kind.bytes_of(n.filter(|n| *n > 0)?)
        };
        let n_bytes = size().ok_or_else(|| {
            let kind = kind.name();
            error(&self.name, format!("{shape:?} is no shape of {kind}"))
        })?;
        if let Source::New(Content::Bytes(bytes)) = &source
            && bytes.len() as u64 != n_bytes
        {
            let given = bytes.len();
            return Err(error(
                &self.name,
                format!("{given} bytes were given, and {shape:?} takes {n_bytes}"),
            ));
        }
        self.kind = kind;
        self.shape = shape;
        self.n_bytes = n_bytes;
        self.source = source;
        Ok(())
    }
}
