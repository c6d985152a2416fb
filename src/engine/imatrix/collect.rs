//! Lets a model read a text while llama.cpp tells what it computes.

use std::collections::BTreeMap;
use std::mem;

use super::Imatrix;
use super::products::Product;
use super::sums::Sums;
use crate::engine::error::EngineError;
use crate::engine::model::{Model, Token};
use crate::engine::watched::{Input, Tensor, Watched, Watcher};

/// How to collect one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CollectOptions {
    /// Tokens of a chunk.
    pub(crate) n_ctx: u32,
    /// Chunks at most.
    pub(crate) n_chunks: u32,
    /// Threads.
    pub(crate) n_threads: u32,
}

/// Lets the model read `text`, and calls `on_chunk` with the chunks done and
/// how many there are. Also says how many it were.
pub(crate) fn collect_imatrix(
    model: &Model,
    text: &str,
    options: CollectOptions,
    mut on_chunk: impl FnMut(u32, u32),
) -> Result<(Imatrix, u32), EngineError> {
    let tokens = model.tokenize(text, false)?;
    let chunks: Vec<&[Token]> = tokens
        .chunks_exact(options.n_ctx.max(1) as usize)
        .take(options.n_chunks as usize)
        .collect();
    if chunks.is_empty() {
        return Err(EngineError::Imatrix(format!(
            "the calibration text has {} tokens, and a chunk takes {}",
            tokens.len(),
            options.n_ctx
        )));
    }
    let n_chunks = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
    let collector = Collector::default();
    let mut watched = Watched::new(model, options.n_ctx, options.n_threads, collector)?;
    for (n, chunk) in (1..).zip(chunks) {
        let mut chunk = chunk.to_vec();
        if let (Some(first), Some(bos)) = (chunk.first_mut(), model.bos()) {
            *first = bos;
        }
        // All outputs: otherwise the last block computes for the last token alone.
        watched.read(Input::Tokens(&mut chunk), 0)?;
        if let Some(problem) = watched.watcher().problem.take() {
            return Err(EngineError::Imatrix(problem));
        }
        on_chunk(n, n_chunks);
    }
    let sums = mem::take(&mut watched.watcher().sums);
    let entries: BTreeMap<_, _> = sums
        .into_iter()
        .map(|(name, sums)| (name, sums.means()))
        .collect();
    if entries.is_empty() {
        return Err(EngineError::Imatrix(
            "the model multiplies no block's weights in a way that an importance matrix can be collected from"
                .to_owned(),
        ));
    }
    Ok((Imatrix { entries }, n_chunks))
}

/// What the callback fills.
#[derive(Default)]
struct Collector {
    sums: BTreeMap<String, Sums>,
    problem: Option<String>,
}

impl Collector {
    /// Adds the input of `product`.
    fn add(&mut self, product: &Product<'_>) {
        let name = product.weight_name();
        let sums = self.sums.entry(name.clone()).or_default();
        let added = product.add_to(sums);
        let is_sound = added.is_some() && sums.squares.iter().all(|sum| sum.is_finite());
        if !is_sound && self.problem.is_none() {
            self.problem = Some(format!(
                "the inputs of {name} are not finite numbers in the expected shape; the model's weights may be damaged"
            ));
        }
    }
}

impl Watcher for Collector {
    fn wants(&self, node: &Tensor) -> bool {
        Product::of(node).is_some()
    }

    fn see(&mut self, node: &Tensor) -> bool {
        if let Some(product) = Product::of(node) {
            self.add(&product);
        }
        true
    }
}
