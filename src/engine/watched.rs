//! A context whose computing is watched, node by node.

#![expect(unsafe_code, reason = "watches llama.cpp compute, through a callback")]

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use llama_cpp_sys_2 as sys;

use super::context::decoded;
use super::error::EngineError;
use super::log;
use super::model::{Model, Token};

/// A node of llama.cpp's graph.
pub(super) type Tensor = sys::ggml_tensor;

/// Who watches.
pub(super) trait Watcher {
    /// Whether the node is wanted once it is computed. Wanted nodes split the
    /// graph, which costs time.
    fn wants(&self, node: &Tensor) -> bool;
    /// Looks at a wanted node that is computed, and says whether the rest of the
    /// graph is to be computed too.
    fn see(&mut self, node: &Tensor) -> bool;
}

/// What the model reads.
pub(super) enum Input<'a> {
    /// Tokens of its vocabulary.
    Tokens(&'a mut [Token]),
    /// Hidden states, `n_embd` numbers for each token, as the first block takes
    /// them.
    Hidden(&'a mut [f32]),
}

/// A context with the one who watches it, who ends after it.
pub(super) struct Watched<'model, W: Watcher> {
    context: NonNull<sys::llama_context>,
    /// Owned; the callback has the same pointer and writes while decoding.
    watcher: NonNull<W>,
    n_ctx: usize,
    n_embd: usize,
    model: PhantomData<&'model Model>,
}

impl<'model, W: Watcher> Watched<'model, W> {
    /// Makes a context that reads chunks of `n_ctx` tokens in one batch.
    pub(super) fn new(
        model: &'model Model,
        n_ctx: u32,
        n_threads: u32,
        watcher: W,
    ) -> Result<Self, EngineError> {
        let n_threads = i32::try_from(n_threads).unwrap_or(i32::MAX);
        let watcher = NonNull::from(Box::leak(Box::new(watcher)));
        // SAFETY: takes nothing, gives a plain struct.
        let mut params = unsafe { sys::llama_context_default_params() };
        params.n_ctx = n_ctx;
        params.n_batch = n_ctx;
        params.n_ubatch = n_ctx;
        params.n_seq_max = 1;
        params.n_threads = n_threads;
        params.n_threads_batch = n_threads;
        params.no_perf = true;
        params.cb_eval = Some(watch::<W>);
        params.cb_eval_user_data = watcher.as_ptr().cast();
        // SAFETY: the model outlives the context (`'model`), and the watcher is
        // freed after it.
        let context = unsafe { sys::llama_init_from_model(model.as_ptr(), params) };
        match NonNull::new(context) {
            Some(context) => Ok(Self {
                context,
                watcher,
                n_ctx: n_ctx as usize,
                n_embd: model.n_embd(),
                model: PhantomData,
            }),
            None => {
                // SAFETY: it came from a box, and no context holds it.
                drop(unsafe { Box::from_raw(watcher.as_ptr()) });
                Err(EngineError::Context(log::last_error()))
            }
        }
    }

    /// Reads one chunk from an empty context; outputs are asked for from the
    /// token `first_output` on. The last block computes for those alone.
    pub(super) fn read(
        &mut self,
        input: Input<'_>,
        first_output: usize,
    ) -> Result<(), EngineError> {
        let mut batch = sys::llama_batch {
            n_tokens: 0,
            token: ptr::null_mut(),
            embd: ptr::null_mut(),
            pos: ptr::null_mut(),
            n_seq_id: ptr::null_mut(),
            seq_id: ptr::null_mut(),
            logits: ptr::null_mut(),
        };
        let n_tokens = match input {
            Input::Tokens(tokens) => {
                batch.token = tokens.as_mut_ptr();
                tokens.len()
            }
            Input::Hidden(hidden) => {
                batch.embd = hidden.as_mut_ptr();
                match hidden.len().checked_rem(self.n_embd) {
                    Some(0) => hidden.len() / self.n_embd,
                    _ => 0,
                }
            }
        };
        if !(1..=self.n_ctx).contains(&n_tokens) {
            return Err(EngineError::Decode {
                code: -1,
                reason: format!(
                    "a chunk of {n_tokens} tokens, where 1 to {} fit",
                    self.n_ctx
                ),
            });
        }
        batch.n_tokens = i32::try_from(n_tokens).unwrap_or(i32::MAX);
        let mut is_wanted: Vec<i8> = (0..n_tokens)
            .map(|token| i8::from(token >= first_output))
            .collect();
        batch.logits = is_wanted.as_mut_ptr();
        // SAFETY: the context is alive. The batch borrows what is read, whose
        // length was counted in tokens, and as many flags, for the call only.
        // Null positions and sequences mean one sequence in order.
        let code = unsafe {
            let context = self.context.as_ptr();
            sys::llama_memory_clear(sys::llama_get_memory(context), true);
            let code = sys::llama_decode(context, batch);
            sys::llama_synchronize(context);
            code
        };
        decoded(code)
    }

    /// Who watches.
    pub(super) fn watcher(&mut self) -> &mut W {
        // SAFETY: nothing is computed while `self` is borrowed, so that the
        // callback, which alone has the pointer too, does not run.
        unsafe { self.watcher.as_mut() }
    }
}

impl<W: Watcher> Drop for Watched<'_, W> {
    fn drop(&mut self) {
        // SAFETY: both came from their makers, are freed once, and the context,
        // which calls with the watcher, goes first.
        unsafe {
            sys::llama_free(self.context.as_ptr());
            drop(Box::from_raw(self.watcher.as_ptr()));
        }
    }
}

/// llama.cpp asks whether a node is wanted, and calls again once it is computed.
extern "C" fn watch<W: Watcher>(node: *mut Tensor, is_asking: bool, watcher: *mut c_void) -> bool {
    // SAFETY: the node is a tensor of the graph that is being computed, and the
    // pointer is the one that `Watched` passes and keeps alive; `read` holds no
    // reference to the watcher meanwhile.
    let (node, watcher) = unsafe { (node.as_ref(), &mut *watcher.cast::<W>()) };
    match node {
        Some(node) if is_asking => watcher.wants(node),
        Some(node) => watcher.see(node),
        None => !is_asking,
    }
}

/// A tensor's bytes, from wherever they are. Call it for a node that is computed
/// or for one of its sources: they have a buffer.
pub(super) fn contents(tensor: &Tensor) -> Vec<u8> {
    // SAFETY: exactly the tensor's bytes are copied, into room for as many.
    unsafe {
        let n = sys::ggml_nbytes(tensor);
        let mut bytes = vec![0; n];
        sys::ggml_backend_tensor_get(tensor, bytes.as_mut_ptr().cast(), 0, n);
        bytes
    }
}

/// The same of 32-bit numbers that lie in a row; none of others.
pub(super) fn numbers(tensor: &Tensor) -> Option<Vec<f32>> {
    // SAFETY: only the tensor's sizes are read; then, of 32-bit numbers without gaps, all
    // bytes are copied, into room for as many numbers.
    unsafe {
        if tensor.type_ != sys::GGML_TYPE_F32 || !sys::ggml_is_contiguous(tensor) {
            return None;
        }
        let mut numbers = vec![0.0_f32; sys::ggml_nbytes(tensor) / size_of::<f32>()];
        let n = size_of_val(numbers.as_slice());
        sys::ggml_backend_tensor_get(tensor, numbers.as_mut_ptr().cast(), 0, n);
        Some(numbers)
    }
}
