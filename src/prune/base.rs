//! The model that is pruned: read tensor by tensor, and block by block as a
//! model of its own.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use faer::Mat;

use super::attention::OUTPUT;
use super::calibration::Calibration;
use super::error::PruneError;
use crate::engine::{Model, ModelOptions, dequantize};
use crate::gguf::{
    Content, Document, ModelShape, Narrowing, NotPrunable, Rewrite, SliceEnd, Tensor, block_tensor,
    slice_block, slice_blocks,
};

/// What a block adds to the residual stream goes through these last.
const ADDED: [&str; 4] = [
    OUTPUT,
    "attn_output.bias",
    "ffn_down.weight",
    "ffn_down.bias",
];

/// A model's file with what its header says.
pub(super) struct Base {
    source: BufReader<File>,
    /// The file's size, bytes.
    pub(super) len: u64,
    /// The header.
    pub(super) document: Document,
    /// What it is made of.
    pub(super) shape: ModelShape,
}

impl Base {
    /// Opens the file at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, PruneError> {
        let reading = PruneError::file("the model cannot be read");
        let file = File::open(path).map_err(&reading)?;
        let len = file.metadata().map_err(&reading)?.len();
        let mut source = BufReader::with_capacity(1 << 16, file);
        let document = Document::read(&mut source, len)?;
        let shape = ModelShape::of(&document)?;
        Ok(Self {
            source,
            len,
            document,
            shape,
        })
    }

    /// The weights of a block's matrix, with a column for each of its rows as
    /// the file has them.
    pub(super) fn matrix(&mut self, layer: u32, part: &str) -> Result<Mat<f32>, PruneError> {
        let name = block_tensor(layer, part);
        let height = tensor(&self.document, &name)?.n_columns() as usize;
        let numbers = self.numbers(&name)?;
        Ok(Mat::from_fn(
            height,
            numbers.len() / height.max(1),
            |row, column| numbers[column * height + row],
        ))
    }

    /// The numbers of a block's vector; none where it has no such.
    pub(super) fn vector(
        &mut self,
        layer: u32,
        part: &str,
    ) -> Result<Option<Vec<f32>>, PruneError> {
        let name = block_tensor(layer, part);
        match self.document.tensor(&name) {
            Some(_) => self.numbers(&name).map(Some),
            None => Ok(None),
        }
    }

    /// Whether what `ffn_down` gives is added to the residual stream as it is,
    /// so that what the stream lacks can be made good there.
    pub(super) fn is_plain(&self) -> bool {
        self.shape.family.adds_as_it_is()
    }

    /// Bytes of the largest block.
    pub(super) fn block_bytes(&self) -> u64 {
        let bytes = |layer: u32| {
            let prefix = block_tensor(layer, "");
            let tensors = self.document.tensors();
            let own = tensors.filter(|tensor| tensor.name().starts_with(&prefix));
            own.map(Tensor::n_bytes).sum()
        };
        (0..self.shape.n_blocks()).map(bytes).max().unwrap_or(0)
    }

    /// What the first block takes for each token of the text.
    pub(super) fn embeddings(&mut self, text: &Calibration) -> Result<Vec<f32>, PruneError> {
        let tensor = tensor(&self.document, "token_embd.weight")?;
        let scale = self.shape.family.embedding_scale(self.shape.n_embd);
        let n_embd = self.shape.n_embd as usize;
        let mut all = Vec::with_capacity(text.n_tokens() * n_embd);
        for token in text.chunks().iter().flatten() {
            let row = u64::try_from(*token).unwrap_or(u64::MAX);
            let bytes = self
                .document
                .read_rows(&mut self.source, tensor, row..row.saturating_add(1))
                .map_err(PruneError::file("the model's embeddings cannot be read"))?;
            let numbers = dequantize(tensor.kind().id(), &bytes, n_embd)?;
            all.extend(numbers.into_iter().map(|number| number * scale));
        }
        Ok(all)
    }

    /// Loads a block as a model of its own, as it is.
    pub(super) fn block(&mut self, layer: u32, folder: &Path) -> Result<Model, PruneError> {
        let slice = slice_block(&self.document, &self.shape, layer, None)?;
        load(&slice, &mut self.source, folder)
    }

    /// Loads a block as a model of its own, narrowed so.
    pub(super) fn changed_block(
        &mut self,
        layer: u32,
        narrowing: Narrowing,
        folder: &Path,
    ) -> Result<Model, PruneError> {
        let slice = slice_block(&self.document, &self.shape, layer, Some(narrowing))?;
        load(&slice, &mut self.source, folder)
    }

    /// Loads what comes behind the last block. llama.cpp loads no model without
    /// blocks: it has one that adds nothing.
    pub(super) fn head(&mut self, folder: &Path) -> Result<Model, PruneError> {
        let last = self.shape.n_blocks() - 1;
        let mut slice = slice_blocks(&self.document, &self.shape, &[last], SliceEnd::Logits)?;
        for part in ADDED {
            let Some(tensor) = self.document.tensor(&block_tensor(last, part)) else {
                continue;
            };
            let n_bytes = usize::try_from(tensor.n_bytes()).unwrap_or(usize::MAX);
            let content = Content::Bytes(vec![0; n_bytes]);
            slice
                .replace(
                    &block_tensor(0, part),
                    tensor.kind(),
                    tensor.shape(),
                    content,
                )
                .map_err(NotPrunable::from)?;
        }
        load(&slice, &mut self.source, folder)
    }

    /// The header, its shape, and where the weights are.
    pub(super) fn parts(&mut self) -> (&Document, &ModelShape, &mut BufReader<File>) {
        (&self.document, &self.shape, &mut self.source)
    }

    fn numbers(&mut self, name: &str) -> Result<Vec<f32>, PruneError> {
        let tensor = tensor(&self.document, name)?;
        let bytes = self
            .document
            .read_tensor(&mut self.source, tensor)
            .map_err(PruneError::file("the model's weights cannot be read"))?;
        let n_columns = usize::try_from(tensor.n_columns()).unwrap_or(0);
        Ok(dequantize(tensor.kind().id(), &bytes, n_columns)?)
    }
}

/// Loads what `rewrite` makes, through a file in `folder` that is gone when this
/// returns.
fn load(
    rewrite: &Rewrite<'_>,
    source: &mut BufReader<File>,
    folder: &Path,
) -> Result<Model, PruneError> {
    let file = Scratch(folder.join("block.gguf"));
    write(rewrite, source, &file.0, |_, _| ())?;
    let options = ModelOptions {
        // The file goes at once; a mapping would keep its bytes.
        mmap: false,
        n_gpu_layers: 0,
    };
    Ok(Model::load(&file.0, options, |_| ())?)
}

/// Writes what `rewrite` makes to `target`; tells the tensors done and how many
/// there are.
pub(super) fn write(
    rewrite: &Rewrite<'_>,
    source: &mut BufReader<File>,
    target: &Path,
    on_tensor: impl FnMut(u32, u32),
) -> Result<(), PruneError> {
    let writing = PruneError::file("the pruned model cannot be written");
    let file = File::create(target).map_err(&writing)?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    rewrite
        .write(source, &mut out, on_tensor)
        .map_err(&writing)?;
    out.flush().map_err(&writing)
}

/// A file that goes with its owner.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may not have been made.
        let _ = fs::remove_file(&self.0);
    }
}

/// The tensor of this name.
pub(super) fn tensor<'d>(document: &'d Document, name: &str) -> Result<&'d Tensor, PruneError> {
    let missing = || NotPrunable::Wrong(format!("there is no {name}"));
    Ok(document.tensor(name).ok_or_else(missing)?)
}
