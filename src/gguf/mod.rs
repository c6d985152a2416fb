//! Reads, checks and writes GGUF in safe Rust, before native code sees a file;
//! and cuts models down. Format: the GGUF specification of the ggml project,
//! versions 2 and 3.
//!
//! A file is read into a [`Document`]; a [`Rewrite`] says what shall be another
//! way in the new file, knows its size and writes it. [`ModelShape`] says what a
//! model that can be pruned is made of, [`plan_pruning`] how much of it a ratio
//! removes, [`pruned`] makes the new file, and [`slice_block`] a model of one
//! block, to be measured.

#[cfg(test)]
mod changed_tests;
mod check;
mod cut;
mod document;
mod error;
mod family;
mod header;
mod heads;
mod labels;
mod narrow;
mod not_prunable;
mod plan;
mod reader;
mod rewrite;
#[cfg(test)]
mod sample;
mod shape;
mod slice;
mod steps;
mod types;
mod upcast;
mod value;
mod windows;
mod write;

pub use check::{ModelHeader, TensorTypeCount, check, check_model, open_model};
pub use cut::{BlockCut, narrowed, pruned, without_blocks};
pub use document::{Document, Tensor};
pub use error::GgufError;
pub use family::Family;
pub use heads::Heads;
pub use narrow::{AttentionCut, Down, Narrowing};
pub use not_prunable::NotPrunable;
pub use plan::{PruningPlan, Way, plan_pruning};
#[cfg(test)]
pub(crate) use rewrite::any_file;
pub use rewrite::{Content, Rewrite, RewriteError};
#[cfg(test)]
pub(crate) use sample::Sample;
pub use shape::{BlockShape, ModelShape, block_tensor};
pub use slice::{SliceEnd, slice_block, slice_blocks};
pub use types::TensorType;
pub use value::{Array, Value};
