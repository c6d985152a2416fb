//! A tiny model's file, and the files that are made of it.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;
use whittle::gguf::{
    AttentionCut, Content, Document, Down, ModelShape, Narrowing, Rewrite, TensorType,
    block_tensor, narrowed,
};

use crate::tiny_model::{self, Tiny};

/// The matrices of a block of a llama, each of which may have a bias.
pub const LLAMA_MATRICES: [&str; 7] = [
    "attn_q",
    "attn_k",
    "attn_v",
    "attn_output",
    "ffn_gate",
    "ffn_up",
    "ffn_down",
];

/// A model's file, read; its folder goes with the last of its models.
pub struct Model {
    folder: Arc<TempDir>,
    bytes: Vec<u8>,
    pub path: PathBuf,
    pub document: Document,
    pub shape: ModelShape,
}

impl Model {
    /// Such a model in a new folder.
    pub fn of(tiny: Tiny) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let path = tiny_model::write_as(folder.path(), "model.gguf", tiny);
        Self::at(folder, path)
    }

    /// The model that was written beside this one.
    pub fn beside(&self, path: PathBuf) -> Self {
        Self::at(self.folder.clone(), path)
    }

    fn at(folder: Arc<TempDir>, path: PathBuf) -> Self {
        let bytes = fs::read(&path).expect("the file");
        let document = Document::read(Cursor::new(&bytes), bytes.len() as u64);
        let document = document.expect("a valid file");
        Self {
            shape: ModelShape::of(&document).expect("it can be pruned"),
            folder,
            document,
            bytes,
            path,
        }
    }

    /// Writes another file beside it.
    pub fn write(&self, name: &str, rewrite: &Rewrite<'_>) -> PathBuf {
        let path = self.path.with_file_name(name);
        let mut file = File::create(&path).expect("a file");
        let mut source = Cursor::new(&self.bytes);
        let written = rewrite.write(&mut source, &mut file, |_, _| ());
        written.expect("it can be written");
        let size_bytes = file.metadata().expect("the file").len();
        assert_eq!(size_bytes, rewrite.size_bytes(), "{name}");
        path
    }

    /// The same with these columns of a matrix set to zero.
    fn zero(&self, rewrite: &mut Rewrite<'_>, name: &str, is_zero: impl Fn(usize) -> bool) {
        let tensor = self.document.tensor(name).expect("the matrix");
        let mut source = Cursor::new(&self.bytes);
        let read = self.document.read_tensor(&mut source, tensor);
        let mut bytes = read.expect("its bytes");
        let size = bytes.len() / tensor.n_elements() as usize;
        for (place, number) in bytes.chunks_exact_mut(size).enumerate() {
            if is_zero(place % tensor.n_columns() as usize) {
                number.fill(0);
            }
        }
        let content = Content::Bytes(bytes);
        let replaced = rewrite.replace(name, tensor.kind(), tensor.shape(), content);
        replaced.expect("it fits");
    }

    /// The same, but these blocks do nothing.
    pub fn with_idle_blocks(&self, layers: &[u32]) -> Self {
        let mut idle = Rewrite::of(&self.document);
        for layer in layers {
            for part in ["attn_output.weight", "ffn_down.weight"] {
                self.zero(&mut idle, &block_tensor(*layer, part), |_| true);
            }
        }
        self.beside(self.write("idle.gguf", &idle))
    }

    /// The same, but these neurons of every block do nothing.
    pub fn with_idle_neurons(&self, is_idle: impl Fn(usize) -> bool) -> Self {
        let mut idle = Rewrite::of(&self.document);
        for layer in 0..self.shape.n_blocks() {
            let down = block_tensor(layer, "ffn_down.weight");
            self.zero(&mut idle, &down, &is_idle);
        }
        self.beside(self.write("idle.gguf", &idle))
    }

    /// The same, but this group of heads of every block says nothing.
    pub fn with_idle_heads(&self, group: u32) -> Self {
        let heads = self.shape.heads.expect("groups of heads");
        let is_idle = |column: usize| column as u32 / heads.group_width() == group;
        let mut idle = Rewrite::of(&self.document);
        for layer in 0..self.shape.n_blocks() {
            let output = block_tensor(layer, "attn_output.weight");
            self.zero(&mut idle, &output, is_idle);
        }
        self.beside(self.write("idle.gguf", &idle))
    }

    /// Without this group of heads in any block; the others' weights stay.
    pub fn without_heads(&self, group: u32) -> Rewrite<'_> {
        let heads = self.shape.heads.expect("groups of heads");
        let narrowing = || Narrowing {
            keep: (0..self.shape.n_ff).collect(),
            down: Down::Columns,
            attention: Some(AttentionCut {
                groups: Some(
                    (0..heads.n_groups)
                        .filter(|other| *other != group)
                        .collect(),
                ),
                output: Down::Columns,
            }),
        };
        let narrowings = self.shape.blocks.iter().map(|_| narrowing()).collect();
        narrowed(&self.document, &self.shape, narrowings).expect("they fit")
    }

    /// Without these neurons in any block; the others' weights stay.
    pub fn without_neurons(&self, is_idle: impl Fn(usize) -> bool) -> Rewrite<'_> {
        let busy = |neuron: &u32| !is_idle(*neuron as usize);
        let keep: Vec<u32> = (0..self.shape.n_ff).filter(busy).collect();
        let narrowing = || Narrowing {
            keep: keep.clone(),
            down: Down::Columns,
            attention: None,
        };
        let narrowings = self.shape.blocks.iter().map(|_| narrowing()).collect();
        narrowed(&self.document, &self.shape, narrowings).expect("they fit")
    }

    /// With every `ffn_down` as it is, and a bias of this value.
    pub fn with_bias(&self, value: f32) -> Rewrite<'_> {
        self.with_bias_of("ffn_down", value)
    }

    /// With every matrix of this name as it is, and a bias of this value.
    pub fn with_bias_of(&self, matrix: &str, value: f32) -> Rewrite<'_> {
        let mut rewrite = Rewrite::of(&self.document);
        self.add_bias_of(&mut rewrite, matrix, value);
        rewrite
    }

    fn add_bias_of(&self, rewrite: &mut Rewrite<'_>, matrix: &str, value: f32) {
        for layer in 0..self.shape.n_blocks() {
            let [after, name] =
                ["weight", "bias"].map(|part| block_tensor(layer, &format!("{matrix}.{part}")));
            let n_rows = self.document.tensor(&after).expect("the matrix").n_rows();
            let bias = vec![value.to_le_bytes(); n_rows as usize].concat();
            rewrite
                .add_after(
                    &after,
                    &name,
                    TensorType::F32,
                    &[n_rows],
                    Content::Bytes(bias),
                )
                .expect("it fits");
        }
    }

    /// The same with all that a llama may have beside what each has: a bias of every
    /// matrix, and factors of the frequencies by which it tells places apart.
    pub fn with_all_that_a_llama_may_have(&self) -> Self {
        let mut rewrite = Rewrite::of(&self.document);
        for matrix in LLAMA_MATRICES {
            self.add_bias_of(&mut rewrite, matrix, 0.1);
        }
        let n_pairs = self.document.unsigned("llama.rope.dimension_count");
        let n_pairs = n_pairs.expect("the size of a head") / 2;
        let factors = (1..=n_pairs).flat_map(|n| (n as f32).to_le_bytes());
        let content = Content::Bytes(factors.collect());
        let name = "rope_freqs.weight";
        rewrite
            .add_after(
                "output_norm.weight",
                name,
                TensorType::F32,
                &[n_pairs],
                content,
            )
            .expect("it fits");
        self.beside(self.write("more.gguf", &rewrite))
    }
}
