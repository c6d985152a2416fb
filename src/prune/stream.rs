//! The residual stream of a text, carried from block to block: the cost of
//! pruning is a few readings of the text, however many blocks there are.

use faer::Mat;

use super::activations::{Columns, Weights};
use super::error::PruneError;
use crate::engine::{Block, Place};

/// Hidden states of all tokens between two blocks.
#[derive(Clone)]
pub(super) struct Stream {
    hidden: Columns,
    /// Numbers of a chunk, whose tokens see one another and no others.
    per_chunk: usize,
}

impl Stream {
    /// Before the first block: embeddings, `n_embd` numbers for each token, in
    /// chunks of `n_ctx` tokens.
    pub(super) fn new(embeddings: Vec<f32>, n_embd: u32, n_ctx: u32) -> Self {
        let n_embd = n_embd as usize;
        Self {
            hidden: Columns::new(embeddings, n_embd),
            per_chunk: (n_ctx as usize * n_embd).max(1),
        }
    }

    /// Goes through a block.
    pub(super) fn advance(&mut self, block: &mut Block<'_>) -> Result<(), PruneError> {
        self.go(block, Place::Output, None).map(drop)
    }

    /// Goes through a block, and says what it had at another place, `height`
    /// numbers for each token.
    pub(super) fn advance_seeing(
        &mut self,
        block: &mut Block<'_>,
        place: Place,
        height: u32,
    ) -> Result<Columns, PruneError> {
        self.go(block, Place::Output, Some((place, height)))
    }

    /// Goes through a block's attention, and says what its neurons do.
    pub(super) fn advance_to_neurons(
        &mut self,
        block: &mut Block<'_>,
        n_ff: u32,
    ) -> Result<Columns, PruneError> {
        self.go(block, Place::Middle, Some((Place::Neurons, n_ff)))
    }

    /// Goes through a block to the place `to`; says what it had at another.
    fn go(
        &mut self,
        block: &mut Block<'_>,
        to: Place,
        seeing: Option<(Place, u32)>,
    ) -> Result<Columns, PruneError> {
        let height = seeing.map_or(0, |(_, height)| height as usize);
        let n_tokens = self.hidden.n_tokens();
        let mut all = Vec::with_capacity(n_tokens * height);
        let places: Vec<Place> = seeing
            .map(|(place, _)| place)
            .into_iter()
            .chain([to])
            .collect();
        for chunk in self.hidden.values_mut().chunks_mut(self.per_chunk) {
            let mut seen = block.read(chunk, 0, &places)?;
            if let Some((place, _)) = seeing {
                all.extend(finite(seen.take(place)?)?);
            }
            let states = finite(seen.take(to)?)?;
            if states.len() != chunk.len() {
                return Err(PruneError::NotFinite);
            }
            chunk.copy_from_slice(&states);
        }
        match all.len() == n_tokens * height {
            true => Ok(Columns::new(all, height)),
            false => Err(PruneError::NotFinite),
        }
    }

    /// Goes through a block, and says how much that changes it: 1 - the mean
    /// cosine between a token's states before and after.
    pub(super) fn advance_measuring(&mut self, block: &mut Block<'_>) -> Result<f64, PruneError> {
        let before = self.hidden.clone();
        self.advance(block)?;
        let pairs = before.tokens().zip(self.hidden.tokens());
        let sum: f64 = pairs.map(|(before, after)| cosine(before, after)).sum();
        Ok(1.0 - sum / self.hidden.n_tokens().max(1) as f64)
    }

    /// Chunk by chunk.
    pub(super) fn chunks_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let per_chunk = self.per_chunk;
        self.hidden.values_mut().chunks_mut(per_chunk)
    }

    /// What a block's neurons do, without going through it.
    pub(super) fn neurons(
        &mut self,
        block: &mut Block<'_>,
        n_ff: u32,
    ) -> Result<Columns, PruneError> {
        self.look(block, Place::Neurons, n_ff as usize)
    }

    /// What a block's heads find, without going through it: `height` numbers for
    /// each token.
    pub(super) fn heads(
        &mut self,
        block: &mut Block<'_>,
        height: usize,
    ) -> Result<Columns, PruneError> {
        self.look(block, Place::Heads, height)
    }

    fn look(
        &mut self,
        block: &mut Block<'_>,
        place: Place,
        height: usize,
    ) -> Result<Columns, PruneError> {
        let n_tokens = self.hidden.n_tokens();
        let mut all = Vec::with_capacity(n_tokens * height);
        for chunk in self.hidden.values_mut().chunks_mut(self.per_chunk) {
            let mut seen = block.read(chunk, 0, &[place])?;
            all.extend(finite(seen.take(place)?)?);
        }
        match all.len() == n_tokens * height {
            true => Ok(Columns::new(all, height)),
            false => Err(PruneError::NotFinite),
        }
    }

    /// The hidden states.
    pub(super) fn hidden(&self) -> &Columns {
        &self.hidden
    }

    /// What `other` has more.
    pub(super) fn lack(&self, other: &Columns) -> Columns {
        let pairs = other.values().iter().zip(self.hidden.values());
        let lacking = pairs.map(|(other, own)| other - own).collect();
        Columns::new(lacking, self.hidden.height())
    }

    /// Adds a column and a constant to each token.
    pub(super) fn add(&mut self, columns: &Mat<f32>, constant: &[f32]) {
        for (number, token) in self.hidden.tokens_mut().enumerate() {
            let more = columns.col_as_slice(number).iter().zip(constant);
            for (value, (more, constant)) in token.iter_mut().zip(more) {
                *value += more + constant;
            }
        }
    }

    /// How much its tokens count.
    pub(super) fn weights(&self) -> Weights {
        Weights::relative_to(&self.hidden)
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    product(a, b)
        / (product(a, a) * product(b, b))
            .sqrt()
            .max(f64::MIN_POSITIVE)
}

/// The numbers, if they are some.
fn finite(values: Vec<f32>) -> Result<Vec<f32>, PruneError> {
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(values),
        false => Err(PruneError::NotFinite),
    }
}
