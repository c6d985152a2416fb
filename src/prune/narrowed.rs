//! What became of a layer, as it goes into files.

use super::error::PruneError;
use crate::gguf::{AttentionCut, Content, Down, Narrowing, TensorType};

/// A layer that was made narrower.
pub(super) struct Narrowed {
    /// The neurons that stay, ascending.
    pub(super) keep: Vec<u32>,
    /// What they say now; none: what they said.
    pub(super) refitted: Option<Refitted>,
    /// Its attention; none: it is what it was.
    pub(super) attention: Option<Attention>,
    /// Whether the text did not tell all its numbers apart, so that a ridge had to
    /// be raised until it could be solved.
    pub(super) is_singular: bool,
}

/// Attention whose heads say something else.
pub(super) struct Attention {
    /// The groups of heads that stay, ascending; none: all.
    pub(super) groups: Option<Vec<u32>>,
    /// What they say now.
    pub(super) refitted: Refitted,
}

/// New outgoing weights.
pub(super) struct Refitted {
    /// Their type.
    pub(super) kind: TensorType,
    /// The matrix as the file will have it, rows of as many weights as columns stay.
    pub(super) weights: Vec<u8>,
    /// The bias beside it, if it gets one.
    pub(super) bias: Option<Vec<f32>>,
}

impl Narrowed {
    /// As the block is written; `put` says where new weights are until then.
    pub(super) fn narrowing(
        &self,
        mut put: impl FnMut(&[u8]) -> Result<Content, PruneError>,
    ) -> Result<Narrowing, PruneError> {
        let attention = match &self.attention {
            None => None,
            Some(attention) => Some(attention.cut(&mut put)?),
        };
        let down = match &self.refitted {
            None => Down::Columns,
            Some(refitted) => refitted.down(&mut put)?,
        };
        Ok(Narrowing {
            keep: self.keep.clone(),
            down,
            attention,
        })
    }
}

impl Attention {
    /// As a block is written in memory of which all `n_ff` neurons stay what they are.
    pub(super) fn alone(&self, n_ff: u32) -> Result<Narrowing, PruneError> {
        Ok(Narrowing {
            keep: (0..n_ff).collect(),
            down: Down::Columns,
            attention: Some(self.cut(&mut in_memory)?),
        })
    }

    fn cut(
        &self,
        put: &mut impl FnMut(&[u8]) -> Result<Content, PruneError>,
    ) -> Result<AttentionCut, PruneError> {
        Ok(AttentionCut {
            groups: self.groups.clone(),
            output: self.refitted.down(put)?,
        })
    }
}

impl Refitted {
    fn down(
        &self,
        put: &mut impl FnMut(&[u8]) -> Result<Content, PruneError>,
    ) -> Result<Down, PruneError> {
        Ok(Down::Refitted {
            kind: self.kind,
            weights: put(&self.weights)?,
            bias: self.bias.clone(),
        })
    }
}

/// New weights that stay in memory until they are written.
pub(super) fn in_memory(weights: &[u8]) -> Result<Content, PruneError> {
    Ok(Content::Bytes(weights.to_vec()))
}
