//! Lets a model read a text while llama.cpp tells what it computes.

#![expect(unsafe_code, reason = "watches llama.cpp compute, through a callback")]

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::mem;
use std::ptr::NonNull;

use llama_cpp_sys_2 as sys;

use super::Imatrix;
use super::products::{Product, Tensor};
use super::sums::Sums;
use crate::engine::error::EngineError;
use crate::engine::log;
use crate::engine::model::{Model, Token};

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
    let mut watched = Watched::new(model, options)?;
    for (n, chunk) in (1..).zip(chunks) {
        let mut chunk = chunk.to_vec();
        if let (Some(first), Some(bos)) = (chunk.first_mut(), model.bos()) {
            *first = bos;
        }
        watched.read(&mut chunk)?;
        on_chunk(n, n_chunks);
    }
    let sums = mem::take(&mut watched.collector().sums);
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

/// A context whose computing is watched; it, then its collector, end with it.
struct Watched<'model> {
    context: NonNull<sys::llama_context>,
    /// Owned; the callback has the same pointer and writes while decoding.
    collector: NonNull<Collector>,
    model: PhantomData<&'model Model>,
}

impl<'model> Watched<'model> {
    fn new(model: &'model Model, options: CollectOptions) -> Result<Self, EngineError> {
        let n_threads = i32::try_from(options.n_threads).unwrap_or(i32::MAX);
        let collector = NonNull::from(Box::leak(Box::<Collector>::default()));
        // SAFETY: takes nothing, gives a plain struct.
        let mut params = unsafe { sys::llama_context_default_params() };
        params.n_ctx = options.n_ctx;
        params.n_batch = options.n_ctx;
        params.n_ubatch = options.n_ctx;
        params.n_seq_max = 1;
        params.n_threads = n_threads;
        params.n_threads_batch = n_threads;
        params.no_perf = true;
        params.cb_eval = Some(watch);
        params.cb_eval_user_data = collector.as_ptr().cast();
        // SAFETY: the model outlives the context (`'model`), and the collector
        // is freed after it.
        let context = unsafe { sys::llama_init_from_model(model.as_ptr(), params) };
        match NonNull::new(context) {
            Some(context) => Ok(Self {
                context,
                collector,
                model: PhantomData,
            }),
            None => {
                // SAFETY: it came from a box, and no context holds it.
                drop(unsafe { Box::from_raw(collector.as_ptr()) });
                Err(EngineError::Context(log::last_error()))
            }
        }
    }

    /// Reads one chunk from an empty context. All its outputs are asked for:
    /// otherwise the last block computes for the last token alone.
    fn read(&mut self, tokens: &mut [Token]) -> Result<(), EngineError> {
        let mut all = vec![1_i8; tokens.len()];
        let batch = sys::llama_batch {
            n_tokens: i32::try_from(tokens.len()).unwrap_or(i32::MAX),
            token: tokens.as_mut_ptr(),
            embd: std::ptr::null_mut(),
            pos: std::ptr::null_mut(),
            n_seq_id: std::ptr::null_mut(),
            seq_id: std::ptr::null_mut(),
            logits: all.as_mut_ptr(),
        };
        // SAFETY: the context is alive; the batch borrows tokens and flags of
        // the same length for the call only. Null positions and sequences mean
        // one sequence in order.
        let code = unsafe {
            let context = self.context.as_ptr();
            sys::llama_memory_clear(sys::llama_get_memory(context), true);
            let code = sys::llama_decode(context, batch);
            sys::llama_synchronize(context);
            code
        };
        if code != 0 {
            let reason = log::last_error();
            return Err(EngineError::Decode { code, reason });
        }
        match self.collector().problem.take() {
            Some(problem) => Err(EngineError::Imatrix(problem)),
            None => Ok(()),
        }
    }

    fn collector(&mut self) -> &mut Collector {
        // SAFETY: nothing is computed while `self` is borrowed, so that the
        // callback, which alone has the pointer too, does not run.
        unsafe { self.collector.as_mut() }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        // SAFETY: both came from their makers, are freed once, and the context,
        // which calls with the collector, goes first.
        unsafe {
            sys::llama_free(self.context.as_ptr());
            drop(Box::from_raw(self.collector.as_ptr()));
        }
    }
}

/// llama.cpp asks whether a node is wanted, and calls again once it is computed.
extern "C" fn watch(node: *mut Tensor, is_asking: bool, collector: *mut c_void) -> bool {
    // SAFETY: the node is a tensor of the graph that is being computed, and the
    // pointer is the one that `Watched` passes and keeps alive; `read` holds no
    // reference to the collector meanwhile.
    let (node, collector) = unsafe { (node.as_ref(), &mut *collector.cast::<Collector>()) };
    let product = node.and_then(Product::of);
    if is_asking {
        return product.is_some();
    }
    if let Some(product) = product {
        collector.add(&product);
    }
    true
}
