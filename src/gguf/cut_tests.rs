//! What is cut is gone everywhere, and nothing else.

use std::io::Cursor;

use super::*;
use crate::gguf::sample::Sample;
use crate::gguf::{Array, Content, Down, SliceEnd, TensorType, slice_block, slice_blocks};

/// A file, its header and its shape.
pub(super) struct Model {
    bytes: Vec<u8>,
    pub(super) document: Document,
    pub(super) shape: ModelShape,
}

impl Model {
    pub(super) fn of(sample: &Sample) -> Self {
        let bytes = sample.bytes();
        let document = Document::read(Cursor::new(&bytes), bytes.len() as u64);
        let document = document.expect("a valid file");
        Self {
            shape: ModelShape::of(&document).expect("it can be pruned"),
            document,
            bytes,
        }
    }

    /// The header of the new file, which must be valid.
    pub(super) fn written(&self, rewrite: &Rewrite<'_>) -> (Document, Vec<u8>) {
        let mut new = Vec::new();
        rewrite
            .write(&mut Cursor::new(&self.bytes), &mut new, |_, _| ())
            .expect("it can be written");
        let document = Document::read(Cursor::new(&new), new.len() as u64);
        (document.expect("a valid file"), new)
    }

    pub(super) fn data(&self, name: &str) -> Vec<u8> {
        data(&self.document, &self.bytes, name)
    }
}

pub(super) fn data(document: &Document, bytes: &[u8], name: &str) -> Vec<u8> {
    let tensor = document.tensor(name).expect(name);
    let read = document.read_tensor(&mut Cursor::new(bytes), tensor);
    read.expect("its bytes")
}

pub(super) fn columns(keep: &[u32]) -> Narrowing {
    Narrowing {
        keep: keep.to_vec(),
        down: Down::Columns,
        attention: None,
    }
}

#[test]
fn blocks_that_stay_are_renumbered_and_counted() {
    let mut sample = Sample::model("llama", 4, 64, 96);
    sample.set("general.size_label", Value::Text("1M".to_owned()));
    let heads = Value::Array(Array::of_u32s(&[2, 2, 2, 2]));
    sample.set("llama.attention.head_count", heads);
    let sections = Value::Array(Array::of_u32s(&[1, 2, 3, 4]));
    sample.set("llama.rope.dimension_sections", sections.clone());
    let model = Model::of(&sample);
    let rewrite = without_blocks(&model.document, &model.shape, &[0, 2]).expect("two stay");
    let (after, new) = model.written(&rewrite);
    assert_eq!(after.unsigned("llama.block_count"), Some(2));
    let heads = Value::Array(Array::of_u32s(&[2, 2]));
    assert_eq!(after.value("llama.attention.head_count"), Some(&heads));
    assert_eq!(
        after.value("llama.rope.dimension_sections"),
        Some(&sections)
    );
    assert_eq!(after.text("general.size_label"), Some("73K"));
    for (old, place) in [(1, 0), (3, 1)] {
        for part in ["attn_q.weight", "ffn_down.weight", "attn_norm.weight"] {
            let moved = data(&after, &new, &block_tensor(place, part));
            assert_eq!(moved, model.data(&block_tensor(old, part)));
        }
    }
    assert!(after.tensor("blk.2.attn_q.weight").is_none());
    assert_eq!(ModelShape::of(&after).map(|shape| shape.n_blocks()), Ok(2));
}

#[test]
fn neurons_go_from_all_three_matrices() {
    let mut sample = Sample::model("llama", 2, 64, 96);
    for layer in 0..2 {
        sample.add(
            &block_tensor(layer, "ffn_gate.bias"),
            TensorType::F32,
            &[96],
        );
    }
    let model = Model::of(&sample);
    let keep: Vec<u32> = (0..64).map(|n| n + n / 3).collect();
    let narrowings = vec![columns(&keep), columns(&keep)];
    let rewrite = narrowed(&model.document, &model.shape, narrowings).expect("64 stay");
    let (after, new) = model.written(&rewrite);
    assert_eq!(after.unsigned("llama.feed_forward_length"), Some(64));
    let shape = ModelShape::of(&after).expect("it can be pruned again");
    assert_eq!((shape.n_ff, shape.n_blocks()), (64, 2));
    let [old, cut] = [
        model.data("blk.1.ffn_gate.bias"),
        data(&after, &new, "blk.1.ffn_gate.bias"),
    ];
    for (place, kept) in keep.iter().enumerate() {
        assert_eq!(cut[place * 4..][..4], old[*kept as usize * 4..][..4]);
    }
    // A row of gate, and a column of down.
    let [old, cut] = [
        model.data("blk.1.ffn_gate.weight"),
        data(&after, &new, "blk.1.ffn_gate.weight"),
    ];
    assert_eq!(cut[7 * 128..][..128], old[keep[7] as usize * 128..][..128]);
    let [old, cut] = [
        model.data("blk.1.ffn_down.weight"),
        data(&after, &new, "blk.1.ffn_down.weight"),
    ];
    assert_eq!(
        cut[(5 * 64 + 7) * 2..][..2],
        old[(5 * 96 + keep[7] as usize) * 2..][..2]
    );
}

#[test]
fn a_refitted_matrix_replaces_the_old_one_with_its_bias() {
    let mut sample = Sample::model("llama", 2, 64, 96);
    sample.add("blk.1.ffn_down.bias", TensorType::F32, &[64]);
    let model = Model::of(&sample);
    let refitted = |value: u8| Narrowing {
        keep: (0..32).collect(),
        down: Down::Refitted {
            kind: TensorType::F16,
            weights: Content::Bytes(vec![value; 32 * 64 * 2]),
            bias: Some(vec![f32::from(value); 64]),
        },
        attention: None,
    };
    let narrowings = vec![refitted(1), refitted(2)];
    let rewrite = narrowed(&model.document, &model.shape, narrowings).expect("32 stay");
    let (after, new) = model.written(&rewrite);
    for (layer, value) in [(0, 1_u8), (1, 2)] {
        let at = |part| data(&after, &new, &block_tensor(layer, part));
        assert_eq!(at("ffn_down.weight"), vec![value; 32 * 64 * 2]);
        let bias: Vec<u8> = [f32::from(value); 64]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        assert_eq!(at("ffn_down.bias"), bias);
    }
    assert_eq!(after.tensors().len(), model.document.tensors().len() + 1);

    let qwen = Model::of(&Sample::model("qwen2", 2, 64, 96));
    let refused = narrowed(&qwen.document, &qwen.shape, vec![refitted(1), refitted(2)]);
    let reason = refused.expect_err("qwen2 has no such bias").to_string();
    assert!(reason.contains("loads no bias"), "{reason}");
}

#[test]
fn blocks_and_neurons_go_together() {
    let model = Model::of(&Sample::model("qwen3", 3, 64, 96));
    let keep: Vec<u32> = (32..96).collect();
    let narrow = || BlockCut::Narrow(columns(&keep));
    let cuts = vec![narrow(), BlockCut::Remove, narrow()];
    let rewrite = pruned(&model.document, &model.shape, cuts).expect("it fits");
    let shape = ModelShape::of(&model.written(&rewrite).0).expect("it can be pruned");
    assert_eq!((shape.n_blocks(), shape.n_ff), (2, 64));
}

#[test]
fn windows_are_written_out_when_blocks_go() {
    let mut sample = Sample::model("gemma3", 8, 64, 96);
    sample.set("gemma3.attention.sliding_window", Value::U32(512));
    let model = Model::of(&sample);
    let rewrite = without_blocks(&model.document, &model.shape, &[1, 3]).expect("six stay");
    let after = model.written(&rewrite).0;
    let pattern = Value::Array(Array::of_bools(&[true, true, true, false, true, true]));
    let key = "gemma3.attention.sliding_window_pattern";
    assert_eq!(after.value(key), Some(&pattern));
    // Nothing is removed, nothing is written.
    let same = without_blocks(&model.document, &model.shape, &[]).expect("all stay");
    assert!(!model.written(&same).0.has(key));
    let mut large = Sample::model("gemma3", 63, 8, 32);
    large.set("gemma3.attention.sliding_window", Value::U32(512));
    let large = Model::of(&large);
    let refused = without_blocks(&large.document, &large.shape, &[5]);
    assert!(
        refused
            .expect_err("62 are the 27B's")
            .to_string()
            .contains("27B")
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let model = Model::of(&Sample::model("llama", 2, 64, 96));
    let cut = |cuts| pruned(&model.document, &model.shape, cuts).expect_err("it is refused");
    let half: Vec<u32> = (0..48).collect();
    for (cuts, says) in [
        (vec![BlockCut::Keep], "1 blocks were to be cut"),
        (
            vec![BlockCut::Remove, BlockCut::Remove],
            "no block would stay",
        ),
        (
            vec![BlockCut::Keep, BlockCut::Narrow(columns(&half))],
            "different numbers of neurons",
        ),
        (
            vec![BlockCut::Remove, BlockCut::Narrow(columns(&[96]))],
            "not there",
        ),
    ] {
        let reason = cut(cuts).to_string();
        assert!(reason.contains(says), "{reason}");
    }
    let none = without_blocks(&model.document, &model.shape, &[2]);
    assert!(
        none.expect_err("there are two")
            .to_string()
            .contains("block 2")
    );
    let mut odd = Sample::model("llama", 2, 64, 96);
    odd.set(
        "llama.of_each\u{1b}",
        Value::Array(Array::of_bools(&[true, false])),
    );
    let odd = Model::of(&odd);
    let unknown = without_blocks(&odd.document, &odd.shape, &[0]);
    let reason = unknown.expect_err("unknown").to_string();
    assert!(reason.contains(r"llama.of_each\u{1b} has"), "{reason}");
}

#[test]
fn a_slice_has_its_blocks_and_no_vocabulary() {
    let mut sample = Sample::model("gemma3", 4, 64, 96);
    sample.set("gemma3.attention.sliding_window", Value::U32(512));
    sample.set("gemma3.attention.sliding_window_pattern", Value::U32(2));
    sample.set("tokenizer.ggml.model", Value::Text("llama".to_owned()));
    sample.set("tokenizer.ggml.bos_token_id", Value::U32(1));
    sample.add("output.weight", TensorType::F16, &[64, 40]);
    let model = Model::of(&sample);
    let windows = |document: &Document| {
        let key = "gemma3.attention.sliding_window_pattern";
        match document.value(key) {
            Some(Value::Array(array)) => array.unsigned(),
            _ => None,
        }
    };
    let slice = slice_block(&model.document, &model.shape, 3, None).expect("a slice");
    let (after, new) = model.written(&slice);
    assert_eq!(after.unsigned("gemma3.block_count"), Some(1));
    assert_eq!(after.unsigned("gemma3.vocab_size"), Some(32));
    assert_eq!(after.text("tokenizer.ggml.model"), Some("no_vocab"));
    assert!(!after.has("tokenizer.ggml.bos_token_id"));
    assert_eq!(windows(&after), Some(vec![0]));
    let names: Vec<&str> = after.tensors().map(|tensor| tensor.name()).collect();
    assert_eq!(names.len(), 1 + 9 + 1, "{names:?}");
    let [cut, old] = [
        data(&after, &new, "blk.0.attn_q.weight"),
        model.data("blk.3.attn_q.weight"),
    ];
    assert_eq!(cut, old);

    let keep: Vec<u32> = (0..32).collect();
    let narrow = slice_block(&model.document, &model.shape, 1, Some(columns(&keep)));
    let after = model.written(&narrow.expect("a slice")).0;
    assert_eq!(after.unsigned("gemma3.feed_forward_length"), Some(32));

    let tail = slice_blocks(&model.document, &model.shape, &[2, 3], SliceEnd::Logits);
    let (after, new) = model.written(&tail.expect("a slice"));
    assert_eq!(after.unsigned("gemma3.vocab_size"), Some(40));
    assert_eq!(windows(&after), Some(vec![1, 0]));
    assert_eq!(
        data(&after, &new, "output.weight"),
        model.data("output.weight")
    );
    for layers in [&[][..], &[4]] {
        let none = slice_blocks(&model.document, &model.shape, layers, SliceEnd::Block);
        assert!(none.is_err());
    }
}
