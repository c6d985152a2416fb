//! Matrices of a block that become others, as the file will have them.

use super::base::tensor;
use super::error::PruneError;
use crate::gguf::{Content, Document, NotPrunable, Rewrite, block_tensor};

/// A matrix in the place of a block's own, of the same type, with rows as long.
pub(super) struct Replaced<B = Vec<u8>> {
    /// Which it is, such as `attn_output.weight`.
    pub(super) part: &'static str,
    /// Rows of it.
    pub(super) n_rows: u64,
    /// The rows, one after the other.
    pub(super) rows: B,
}

impl Replaced {
    /// The same with its rows in memory.
    pub(super) fn in_memory(&self) -> Replaced<Content> {
        Replaced {
            part: self.part,
            n_rows: self.n_rows,
            rows: Content::Bytes(self.rows.clone()),
        }
    }
}

impl Replaced<Content> {
    /// Puts it where it belongs; its block has a place in the base and one in the
    /// new file.
    pub(super) fn put(
        self,
        rewrite: &mut Rewrite<'_>,
        document: &Document,
        (layer, place): (u32, u32),
    ) -> Result<(), PruneError> {
        let old = tensor(document, &block_tensor(layer, self.part))?;
        let shape = [old.n_columns(), self.n_rows];
        let name = block_tensor(place, self.part);
        let put = rewrite.replace(&name, old.kind(), &shape, self.rows);
        Ok(put.map_err(NotPrunable::from)?)
    }
}
