//! What llama.cpp loads of cut files, tried with its own loader: every kind of
//! change that pruning relies on, on every architecture that it is offered for.
//!
//! Removing what does nothing changes nothing: weights are set to zero first,
//! then removed, and the model must answer as before.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use whittle::backend::Grant;
use whittle::bench::{QualityPlan, measure_quality};
use whittle::domain::protocol::{WorkerCommand, WorkerEvent};
use whittle::domain::quantization::QuantizationType;
use whittle::gguf::{
    Array, Content, Document, Down, ModelShape, Narrowing, Rewrite, SliceEnd, TensorType, Value,
    block_tensor, narrowed, slice_block, slice_blocks, without_blocks,
};

use crate::one_worker::{self, quantize, reading, start};
use crate::tiny_model::{self, Tiny};
use crate::workers::real_workers;

const ARCHITECTURES: [&str; 4] = ["llama", "qwen2", "qwen3", "gemma3"];
/// Divergence below which two models are the same; another order of additions
/// makes less.
const SAME_KLD: f64 = 1e-6;

/// A model's file, read.
struct Model {
    bytes: Vec<u8>,
    path: PathBuf,
    document: Document,
    shape: ModelShape,
}

impl Model {
    fn at(path: PathBuf) -> Self {
        let bytes = fs::read(&path).expect("the file");
        let document = Document::read(Cursor::new(&bytes), bytes.len() as u64);
        let document = document.expect("a valid file");
        Self {
            shape: ModelShape::of(&document).expect("it can be pruned"),
            document,
            bytes,
            path,
        }
    }

    /// Writes another file beside it.
    fn write(&self, name: &str, rewrite: &Rewrite<'_>) -> PathBuf {
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
    fn with_idle_blocks(&self, layers: &[u32]) -> Self {
        let mut idle = Rewrite::of(&self.document);
        for layer in layers {
            for part in ["attn_output.weight", "ffn_down.weight"] {
                self.zero(&mut idle, &block_tensor(*layer, part), |_| true);
            }
        }
        Self::at(self.write("idle.gguf", &idle))
    }

    /// The same, but these neurons of every block do nothing.
    fn with_idle_neurons(&self, is_idle: impl Fn(usize) -> bool) -> Self {
        let mut idle = Rewrite::of(&self.document);
        for layer in 0..self.shape.n_blocks() {
            let down = block_tensor(layer, "ffn_down.weight");
            self.zero(&mut idle, &down, &is_idle);
        }
        Self::at(self.write("idle.gguf", &idle))
    }

    /// Without these neurons in any block; the others' weights stay.
    fn without_neurons(&self, is_idle: impl Fn(usize) -> bool) -> Rewrite<'_> {
        let busy = |neuron: &u32| !is_idle(*neuron as usize);
        let keep: Vec<u32> = (0..self.shape.n_ff).filter(busy).collect();
        let narrowing = || Narrowing {
            keep: keep.clone(),
            down: Down::Columns,
        };
        let narrowings = self.shape.blocks.iter().map(|_| narrowing()).collect();
        narrowed(&self.document, &self.shape, narrowings).expect("they fit")
    }

    /// With every `ffn_down` as it is, and a bias of this value.
    fn with_bias(&self, value: f32) -> Rewrite<'_> {
        let mut rewrite = Rewrite::of(&self.document);
        for layer in 0..self.shape.n_blocks() {
            let width = u64::from(self.shape.n_embd);
            let bias = vec![value.to_le_bytes(); width as usize].concat();
            let [after, name] = ["ffn_down.weight", "ffn_down.bias"];
            let [after, name] = [after, name].map(|part| block_tensor(layer, part));
            let content = Content::Bytes(bias);
            rewrite
                .add_after(&after, &name, TensorType::F32, &[width], content)
                .expect("it fits");
        }
        rewrite
    }
}

fn tiny(folder: &TempDir, tiny: Tiny) -> Model {
    Model::at(tiny_model::write_as(folder.path(), "model.gguf", tiny))
}

/// Loads a file in a fresh worker, or says why that will not.
async fn load(path: &Path) -> Result<(), String> {
    let mut worker = start(&real_workers(), reading(path)).await;
    let load = WorkerCommand::Load(one_worker::load(Grant::model_path(path)));
    let loaded = worker.ask(&load, "loading", |_| ()).await;
    match loaded.map_err(|error| error.to_string())? {
        WorkerEvent::Loaded(_) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// The mean divergence of files from a model.
async fn divergence<const N: usize>(model: &Model, others: [&Path; N]) -> [f64; N] {
    let launcher = real_workers();
    let baseline = File::open(&model.path).expect("the model");
    let files = others.map(|path| File::open(path).expect("the other"));
    let plan = QualityPlan {
        launcher: &launcher,
        baseline: (&baseline, model.path.clone()),
        variants: files.iter().zip(others.map(Path::to_path_buf)).collect(),
        text: None,
        n_chunks: 1,
        n_threads: 1,
        prompts: Vec::new(),
        max_tokens: 1,
        memory_bytes: None,
    };
    let result = measure_quality(&plan, |_| ()).await.expect("figures");
    let mut found = result.variants.iter();
    [(); N].map(|()| {
        let (reading, _) = found.next().expect("one for each");
        let quality = reading.value();
        quality
            .unwrap_or_else(|| panic!("{:?}", reading.reason()))
            .mean_kld
            .value
    })
}

async fn assert_same(model: &Model, other: &Path) {
    let [kld] = divergence(model, [other]).await;
    assert!(kld < SAME_KLD, "{}: {kld}", model.document.architecture());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_that_is_written_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny(&folder, Tiny::default());
    let same = Rewrite::of(&model.document);
    let copy = model.write("copy.gguf", &same);
    assert!(fs::read(copy).expect("the copy") == model.bytes);
    let mut rewrite = same;
    for (key, value) in [
        ("a", Value::U8(1)),
        ("b", Value::I8(-1)),
        ("c", Value::U16(1)),
        ("d", Value::I16(-1)),
        ("e", Value::U32(1)),
        ("f", Value::I32(-1)),
        ("g", Value::F32(0.5)),
        ("h", Value::Bool(true)),
        ("i", Value::Text("\u{20ac} and \0".to_owned())),
        ("j", Value::Text(String::new())),
        ("k", Value::Array(Array::of_bools(&[true, false]))),
        ("l", Value::Array(Array::of_u32s(&[]))),
        ("m", Value::U64(1)),
        ("n", Value::I64(-1)),
        ("o", Value::F64(0.5)),
    ] {
        rewrite.set(&format!("whittle.{key}"), value);
    }
    rewrite.label(
        "Another name",
        &[("whittle.provenance".to_owned(), "x".to_owned())],
    );
    let labelled = model.write("labelled.gguf", &rewrite);
    assert_eq!(load(&labelled).await, Ok(()));
    let header = whittle::gguf::check_model(&labelled).expect("a model");
    assert_eq!(header.name.as_deref(), Some("Another name"));
    assert_eq!(header.provenance.as_deref(), Some("x"));
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_do_nothing_can_go() {
    for architecture in ARCHITECTURES {
        let folder = tempfile::tempdir().expect("a folder");
        let kind = Tiny {
            architecture,
            n_blocks: 4,
            ..Tiny::default()
        };
        let model = tiny(&folder, kind).with_idle_blocks(&[0, 2]);
        let cut = without_blocks(&model.document, &model.shape, &[0, 2]).expect("two stay");
        assert_same(&model, &model.write("cut.gguf", &cut)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_stay_with_their_blocks() {
    let folder = tempfile::tempdir().expect("a folder");
    let kind = Tiny {
        architecture: "gemma3",
        n_blocks: 8,
        ..Tiny::default()
    };
    let model = tiny(&folder, kind).with_idle_blocks(&[1, 3]);
    let mut cut = without_blocks(&model.document, &model.shape, &[1, 3]).expect("six stay");
    let with_pattern = model.write("with.gguf", &cut);
    cut.remove_keys(|key| key.ends_with("sliding_window_pattern"));
    let without_pattern = model.write("without.gguf", &cut);
    let [with, without] = divergence(&model, [&with_pattern, &without_pattern]).await;
    assert!(with < SAME_KLD, "{with}");
    // Blocks would look back another way than they were trained to.
    assert!(without > SAME_KLD, "{without}");
}

#[tokio::test(flavor = "multi_thread")]
async fn neurons_that_do_nothing_can_go() {
    let is_idle = |neuron: usize| neuron % 4 == 1;
    for (architecture, is_half) in ARCHITECTURES
        .map(|architecture| (architecture, false))
        .into_iter()
        .chain([("llama", true)])
    {
        let folder = tempfile::tempdir().expect("a folder");
        let kind = Tiny {
            architecture,
            is_half,
            ..Tiny::default()
        };
        let model = tiny(&folder, kind).with_idle_neurons(is_idle);
        let cut = model.without_neurons(is_idle);
        assert_same(&model, &model.write("cut.gguf", &cut)).await;
        // They did something before.
        let busy = tiny(&folder, kind);
        let cut = busy.without_neurons(is_idle);
        let [kld] = divergence(&busy, [&busy.write("cut.gguf", &cut)]).await;
        assert!(kld > SAME_KLD, "{architecture}: {kld}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quantized_neurons_go_by_whole_blocks() {
    let folder = tempfile::tempdir().expect("a folder");
    let is_idle = |neuron: usize| [1, 4].contains(&(neuron / 32));
    let kind = Tiny {
        n_ff: 256,
        ..Tiny::default()
    };
    let exact = tiny(&folder, kind).with_idle_neurons(is_idle);
    for level in [QuantizationType::Q8_0, QuantizationType::Q4_0] {
        let target = exact.path.with_file_name("quantized.gguf");
        quantize(&exact.path, &target, level).await;
        let model = Model::at(target);
        assert_eq!(model.shape.neurons_together(), 32);
        let cut = model.without_neurons(is_idle);
        assert_same(&model, &model.write("cut.gguf", &cut)).await;
        fs::remove_file(&model.path).expect("it is there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bias_of_ffn_down_loads_where_it_is_said_to() {
    for architecture in ARCHITECTURES {
        let folder = tempfile::tempdir().expect("a folder");
        let kind = Tiny {
            architecture,
            ..Tiny::default()
        };
        let model = tiny(&folder, kind);
        let none = model.write("none.gguf", &model.with_bias(0.0));
        if model.shape.family.loads_down_bias() {
            let some = model.write("some.gguf", &model.with_bias(0.25));
            let [none, some] = divergence(&model, [&none, &some]).await;
            assert!(none < SAME_KLD && some > SAME_KLD, "{none}, {some}");
        } else {
            let reason = load(&none).await.expect_err("it is not loaded");
            assert!(reason.contains("wrong number of tensors"), "{reason}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_of_different_widths_are_not_loaded() {
    for architecture in ARCHITECTURES {
        let folder = tempfile::tempdir().expect("a folder");
        let kind = Tiny {
            architecture,
            ..Tiny::default()
        };
        let model = tiny(&folder, kind);
        let mut uneven = Rewrite::of(&model.document);
        let keep: Vec<u32> = (0..96).collect();
        for part in ["ffn_gate.weight", "ffn_up.weight"] {
            let name = block_tensor(1, part);
            uneven.keep_rows(&name, &keep).expect("96 stay");
        }
        let down = block_tensor(1, "ffn_down.weight");
        uneven.keep_columns(&down, &keep).expect("96 stay");
        let lengths = Value::Array(Array::of_u32s(&[128, 96]));
        uneven.set(&format!("{architecture}.feed_forward_length"), lengths);
        let reason = load(&model.write("uneven.gguf", &uneven)).await;
        let reason = reason.expect_err("it is not loaded");
        assert!(reason.contains("wrong shape"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_behind_of_a_block_is_not_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny(&folder, Tiny::default());
    let mut rewrite = Rewrite::of(&model.document);
    rewrite.set("llama.block_count", Value::U32(1));
    let reason = load(&model.write("left.gguf", &rewrite)).await;
    let reason = reason.expect_err("it is not loaded");
    assert!(reason.contains("wrong number of tensors"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_load_without_a_vocabulary() {
    for architecture in ARCHITECTURES {
        let folder = tempfile::tempdir().expect("a folder");
        let kind = Tiny {
            architecture,
            n_blocks: 3,
            is_half: true,
            ..Tiny::default()
        };
        let model = tiny(&folder, kind);
        let (document, shape) = (&model.document, &model.shape);
        let narrowing = Narrowing {
            keep: (0..32).collect(),
            down: Down::Columns,
        };
        let block = slice_block(document, shape, 1, None);
        let narrow = slice_block(document, shape, 1, Some(narrowing));
        let tail = slice_blocks(document, shape, &[1, 2], SliceEnd::Logits);
        for (name, slice) in [("block", block), ("narrow", narrow), ("tail", tail)] {
            let path = model.write(name, &slice.expect("a slice"));
            assert_eq!(load(&path).await, Ok(()), "{architecture}: {name}");
        }
    }
}
