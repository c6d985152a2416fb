//! Importance matrices: how much each input of a weight matrix matters, as
//! llama.cpp's `llama-imatrix` defines it.
//!
//! While the model reads a text in chunks, every multiplication of a block's
//! weights by 16 rows or more adds the squares of its inputs, column by column;
//! the mean over all rows is what quantization weighs errors by. The output
//! matrix is left out, as there.

#![expect(unsafe_code, reason = "watches llama.cpp compute, through a callback")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_void};
use std::marker::PhantomData;
use std::path::Path;
use std::ptr::NonNull;
use std::{fs, mem};

use llama_cpp_sys_2 as sys;

use super::error::EngineError;
use super::log;
use super::model::{Model, Token};

/// Products of fewer rows are left out, as `llama-imatrix` does.
const MIN_ROWS: i64 = 16;
/// Where a file that claims more is no matrix of ours.
const MAX_ENTRIES: usize = 1 << 20;

/// The mean square of every input column, by weight matrix.
#[derive(Debug, PartialEq)]
pub(crate) struct Imatrix {
    entries: BTreeMap<String, Vec<f32>>,
}

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

impl Imatrix {
    /// Every matrix's name and means.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &[f32])> {
        self.entries
            .iter()
            .map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Writes it as `llama-imatrix --output-format dat` does, counted as one
    /// call, so that `llama-quantize --imatrix` reads the very same means.
    pub(crate) fn write(&self, path: &Path, n_chunks: u32) -> Result<(), EngineError> {
        let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX).to_le_bytes();
        let mut bytes = number(self.entries.len()).to_vec();
        for (name, values) in &self.entries {
            bytes.extend(number(name.len()));
            bytes.extend(name.as_bytes());
            bytes.extend(number(1));
            bytes.extend(number(values.len()));
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes.extend(number(n_chunks as usize));
        let text = b"whittle's calibration text";
        bytes.extend(number(text.len()));
        bytes.extend(text);
        Ok(fs::write(path, bytes)?)
    }

    /// Reads what `write` wrote.
    pub(crate) fn read(path: &Path) -> Result<Self, EngineError> {
        let bytes = fs::read(path)?;
        Self::parse(&bytes).ok_or_else(|| {
            EngineError::Imatrix(
                "the kept importance matrix is damaged; delete it from the data folder's cache"
                    .to_owned(),
            )
        })
    }

    fn parse(mut bytes: &[u8]) -> Option<Self> {
        let n = take_number(&mut bytes)?;
        if n > MAX_ENTRIES {
            return None;
        }
        let mut entries = BTreeMap::new();
        for _ in 0..n {
            let length = take_number(&mut bytes)?;
            let name = bytes.split_off(..length)?;
            let name = str::from_utf8(name).ok()?.to_owned();
            let n_calls = take_number(&mut bytes)?;
            let n_values = take_number(&mut bytes)?;
            let values = bytes.split_off(..n_values.checked_mul(4)?)?;
            let values: Vec<f32> = floats(values).collect();
            if n_calls != 1 || !values.iter().all(|value| value.is_finite()) {
                return None;
            }
            entries.insert(name, values);
        }
        (!entries.is_empty()).then_some(Self { entries })
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let number = bytes.split_off(..4)?;
    let number = i32::from_le_bytes(number.try_into().ok()?);
    usize::try_from(number).ok()
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    let (numbers, _) = bytes.as_chunks::<4>();
    // llama.cpp runs on little-endian machines alone.
    numbers.iter().map(|number| f32::from_le_bytes(*number))
}

/// The sums of one weight matrix: of each expert where it has many.
#[derive(Debug, Default)]
struct Sums {
    squares: Vec<f32>,
    /// Rows: of all of it, or of each expert.
    counts: Vec<u64>,
}

impl Sums {
    fn means(self) -> Vec<f32> {
        let width = (self.squares.len() / self.counts.len().max(1)).max(1);
        let mean = |(i, sum): (usize, f32)| match self.counts.get(i / width) {
            Some(n) if *n > 0 => sum / *n as f32,
            // An expert that the text never called: all columns alike.
            _ => 1.0,
        };
        self.squares.into_iter().enumerate().map(mean).collect()
    }
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
        let added = match product.experts {
            Some(experts) => add_experts(sums, product, experts),
            None => add_dense(sums, product),
        };
        let is_sound = added.is_some() && sums.squares.iter().all(|sum| sum.is_finite());
        if !is_sound && self.problem.is_none() {
            self.problem = Some(format!(
                "the inputs of {name} are not finite numbers in the expected shape; the model's weights may be damaged"
            ));
        }
    }
}

/// Adds every row to its matrix; several lie in one tensor in some models.
fn add_dense(sums: &mut Sums, product: &Product<'_>) -> Option<()> {
    let [width, n_rows, n_2, n_3] = sizes(product.input)?;
    let [_, _, weights_2, weights_3] = sizes(product.weights)?;
    let n_matrices = weights_2.checked_mul(weights_3)?;
    sums.prepare(width.checked_mul(n_matrices)?, 1)?;
    let bytes = contents(product.input);
    for i_3 in 0..n_3 {
        for i_2 in 0..n_2 {
            let matrix = (i_3 % weights_3) * weights_2 + i_2 % weights_2;
            for row in 0..n_rows {
                let row = row_at(product.input, &bytes, [row, i_2, i_3])?;
                sums.add_row(matrix * width, row)?;
            }
        }
    }
    sums.counts[0] += (n_rows * n_2 * n_3 / n_matrices) as u64;
    Some(())
}

/// Adds every row to the experts that it was sent to.
fn add_experts(sums: &mut Sums, product: &Product<'_>, experts: &Tensor) -> Option<()> {
    let [width, n_inputs, n_tokens, _] = sizes(product.input)?;
    let [_, _, n_experts, _] = sizes(product.weights)?;
    let [n_used, ..] = sizes(experts)?;
    sums.prepare(width.checked_mul(n_experts)?, n_experts)?;
    let (bytes, choices) = (contents(product.input), contents(experts));
    for token in 0..n_tokens {
        for used in 0..n_used {
            let place = token * experts.nb[1] + used * experts.nb[0];
            let choice = choices.get(place..)?.first_chunk::<4>()?;
            let expert = usize::try_from(i32::from_le_bytes(*choice)).ok()?;
            let row = row_at(product.input, &bytes, [used % n_inputs.max(1), token, 0])?;
            sums.add_row(expert * width, row)?;
            *sums.counts.get_mut(expert)? += 1;
        }
    }
    Some(())
}

impl Sums {
    /// Makes room at the first call; none where a later one has another shape.
    fn prepare(&mut self, n: usize, n_counts: usize) -> Option<()> {
        if self.squares.is_empty() {
            self.squares = vec![0.0; n];
            self.counts = vec![0; n_counts];
        }
        (self.squares.len() == n && self.counts.len() == n_counts).then_some(())
    }

    fn add_row(&mut self, start: usize, row: &[u8]) -> Option<()> {
        let end = start + row.len() / 4;
        let sums = self.squares.get_mut(start..end)?;
        for (sum, value) in sums.iter_mut().zip(floats(row)) {
            *sum += value * value;
        }
        Some(())
    }
}

type Tensor = sys::ggml_tensor;

/// A multiplication of weights that counts.
struct Product<'a> {
    weights: &'a Tensor,
    input: &'a Tensor,
    /// Which experts each token was sent to.
    experts: Option<&'a Tensor>,
}

impl<'a> Product<'a> {
    /// What `node` multiplies, if it counts.
    fn of(node: &'a Tensor) -> Option<Self> {
        let source = |i: usize| {
            // SAFETY: a source is null or a tensor of the same graph, which
            // lives as long as the node.
            unsafe { node.src[i].as_ref() }
        };
        let is_dense = node.op == sys::GGML_OP_MUL_MAT;
        if !is_dense && node.op != sys::GGML_OP_MUL_MAT_ID {
            return None;
        }
        let product = Self {
            weights: source(0)?,
            input: source(1)?,
            experts: match is_dense {
                true => None,
                false => Some(source(2)?),
            },
        };
        let counts = product.input.type_ == sys::GGML_TYPE_F32
            && product.input.nb[0] == size_of::<f32>()
            && (!is_dense
                || product.input.ne[1] >= MIN_ROWS && product.weight_name().starts_with("blk."));
        counts.then_some(product)
    }

    /// The weights' name in the file: `CUDA0#blk.0.attn_k.weight#0` is a copy's.
    fn weight_name(&self) -> String {
        // SAFETY: ggml keeps names NUL-terminated in their array.
        let name = unsafe { CStr::from_ptr(self.weights.name.as_ptr()) }.to_string_lossy();
        match name.split('#').nth(1) {
            Some(own) => own.to_owned(),
            None => name.into_owned(),
        }
    }
}

fn sizes(tensor: &Tensor) -> Option<[usize; 4]> {
    let [a, b, c, d] = tensor.ne.map(|size| usize::try_from(size).ok());
    Some([a?, b?, c?, d?])
}

/// A tensor's bytes, from wherever they are.
fn contents(tensor: &Tensor) -> Vec<u8> {
    // SAFETY: the callback is called once the tensor is computed, when it has a
    // buffer; exactly its bytes are copied, into room for as many.
    unsafe {
        let n = sys::ggml_nbytes(tensor);
        let mut bytes = vec![0; n];
        sys::ggml_backend_tensor_get(tensor, bytes.as_mut_ptr().cast(), 0, n);
        bytes
    }
}

/// The bytes of the row at these places of the second dimension and on.
fn row_at<'a>(tensor: &Tensor, bytes: &'a [u8], [b, c, d]: [usize; 3]) -> Option<&'a [u8]> {
    let start = b * tensor.nb[1] + c * tensor.nb[2] + d * tensor.nb[3];
    bytes.get(start..start.checked_add(sizes(tensor)?[0].checked_mul(4)?)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_the_rows_of_each_expert() {
        let sums = Sums {
            squares: vec![2.0, 4.0, 6.0, 8.0, 9.0, 9.0],
            counts: vec![2, 4, 0],
        };
        assert_eq!(sums.means(), [1.0, 2.0, 1.5, 2.0, 1.0, 1.0]);
        let dense = Sums {
            squares: vec![2.0, 4.0],
            counts: vec![4],
        };
        assert_eq!(dense.means(), [0.5, 1.0]);
    }

    #[test]
    fn a_kept_matrix_is_read_back_and_a_cut_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("imatrix.dat");
        let entries = [("blk.0.a".to_owned(), vec![1.0, 0.25])].into();
        let imatrix = Imatrix { entries };
        imatrix.write(&path, 7).expect("it is written");
        assert_eq!(Imatrix::read(&path).expect("it is read"), imatrix);
        let bytes = fs::read(&path).expect("bytes");
        for n in 0..bytes.len() - 34 {
            assert!(Imatrix::parse(&bytes[..n]).is_none(), "cut at {n}");
        }
    }
}
