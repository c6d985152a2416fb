//! A block by itself: hidden states in, what it computes of them out.

#![expect(unsafe_code, reason = "reads llama.cpp's tensors")]

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::{fmt, mem};

use llama_cpp_sys_2 as sys;

use super::error::EngineError;
use super::model::Model;
use super::watched::{Input, Tensor, Watched, Watcher, numbers};

/// A place of a block where its computing is looked at. Rows are tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// What enters the output matrix of attention: the heads' results.
    Heads,
    /// The residual stream after attention.
    Middle,
    /// What enters `ffn_down`: the activations of the feed-forward neurons.
    Neurons,
    /// What `ffn_down` makes of them.
    Down,
    /// The residual stream after the block.
    Output,
    /// Logits over the vocabulary, of the tokens that outputs are asked for.
    Logits,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heads => "results of the attention heads",
            Self::Middle => "residual stream after attention",
            Self::Neurons => "feed-forward activations",
            Self::Down => "feed-forward output",
            Self::Output => "output of the block",
            Self::Logits => "logits",
        })
    }
}

/// What was seen at the places that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<Place, Vec<f32>>);

impl Seen {
    /// Takes the rows of a place out.
    pub(crate) fn take(&mut self, place: Place) -> Result<Vec<f32>, EngineError> {
        self.0.remove(&place).ok_or(EngineError::Unseen(place))
    }
}

/// A model of one block, ready to read hidden states.
pub(crate) struct Block<'model> {
    watched: Watched<'model, Lookout>,
}

impl<'model> Block<'model> {
    /// Of a model with one block; chunks have `n_ctx` tokens at most.
    pub(crate) fn new(
        model: &'model Model,
        n_ctx: u32,
        n_threads: u32,
    ) -> Result<Self, EngineError> {
        let watched = Watched::new(model, n_ctx, n_threads, Lookout::default())?;
        Ok(Self { watched })
    }

    /// Reads a chunk of hidden states, one after the other in a row of the
    /// residual stream, and looks at `places`; outputs are asked for from the
    /// token `first_output` on. What only comes after the last place is not
    /// computed.
    pub(crate) fn read(
        &mut self,
        hidden: &mut [f32],
        first_output: usize,
        places: &[Place],
    ) -> Result<Seen, EngineError> {
        *self.watched.watcher() = Lookout {
            places: places.to_vec(),
            seen: Seen::default(),
        };
        self.watched.read(Input::Hidden(hidden), first_output)?;
        let seen = mem::take(&mut self.watched.watcher().seen);
        let missing = places.iter().find(|place| !seen.0.contains_key(place));
        match missing {
            Some(place) => Err(EngineError::Unseen(*place)),
            None => Ok(seen),
        }
    }
}

/// What the callback reads and fills.
#[derive(Default)]
struct Lookout {
    places: Vec<Place>,
    seen: Seen,
}

impl Watcher for Lookout {
    fn wants(&self, node: &Tensor) -> bool {
        let is_missing = |place: &&Place| !self.seen.0.contains_key(place);
        let mut missing = self.places.iter().filter(is_missing);
        missing.any(|place| at(node, *place).is_some())
    }

    fn see(&mut self, node: &Tensor) -> bool {
        for place in &self.places {
            if self.seen.0.contains_key(place) {
                continue;
            }
            if let Some(rows) = at(node, *place).and_then(numbers) {
                self.seen.0.insert(*place, rows);
            }
        }
        self.seen.0.len() < self.places.len()
    }
}

/// The tensor at `place`, where `node` computes or takes it. The names are those
/// that llama.cpp gives to the nodes of its graphs.
fn at(node: &Tensor, place: Place) -> Option<&Tensor> {
    let named = |name: &[u8]| (name_of(node) == name).then_some(node);
    let product = |weights: &[u8]| {
        let is_it = node.op == sys::GGML_OP_MUL_MAT && name_of(source(node, 0)?) == weights;
        is_it.then(|| source(node, 1)).flatten()
    };
    match place {
        Place::Heads => product(b"blk.0.attn_output.weight"),
        Place::Middle => named(b"ffn_inp-0"),
        // By their own names where they have one: then `ffn_down` need not be
        // multiplied with.
        Place::Neurons => named(b"ffn_swiglu-0")
            .or_else(|| named(b"ffn_geglu-0"))
            .or_else(|| product(b"blk.0.ffn_down.weight")),
        Place::Down => product(b"blk.0.ffn_down.weight").map(|_| node),
        Place::Output => named(b"l_out-0"),
        Place::Logits => named(b"result_output"),
    }
}

fn name_of(tensor: &Tensor) -> &[u8] {
    // SAFETY: ggml keeps names NUL-terminated in their array.
    unsafe { CStr::from_ptr(tensor.name.as_ptr()) }.to_bytes()
}

fn source(node: &Tensor, number: usize) -> Option<&Tensor> {
    // SAFETY: a source is null or a tensor of the same graph, which lives as
    // long as the node.
    unsafe { node.src[number].as_ref() }
}
