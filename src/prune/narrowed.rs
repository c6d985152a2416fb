//! What became of a layer, as it goes into files.

use super::replaced::Replaced;
use crate::gguf::{Content, Down, Narrowing, TensorType};

/// A layer that was made narrower.
pub(super) struct Narrowed {
    /// The neurons that stay, ascending.
    pub(super) keep: Vec<u32>,
    /// What they say now; none: what they said.
    pub(super) refitted: Option<Refitted>,
    /// Its other matrices that are refitted.
    pub(super) replaced: Vec<Replaced>,
    /// Whether the text did not tell all its numbers apart, so that a ridge had to
    /// be raised until it could be solved.
    pub(super) is_singular: bool,
}

/// New outgoing weights.
pub(super) struct Refitted {
    /// `ffn_down` as the file will have it, rows of as many weights as neurons
    /// stay.
    pub(super) weights: Vec<u8>,
    /// The bias beside it, if it gets one.
    pub(super) bias: Option<Vec<f32>>,
}

impl Narrowed {
    /// As the block is written with the new weights in memory.
    pub(super) fn narrowing(&self, kind: TensorType) -> Narrowing {
        let down = match &self.refitted {
            None => Down::Columns,
            Some(refitted) => Down::Refitted {
                kind,
                weights: Content::Bytes(refitted.weights.clone()),
                bias: refitted.bias.clone(),
            },
        };
        Narrowing {
            keep: self.keep.clone(),
            down,
        }
    }
}
