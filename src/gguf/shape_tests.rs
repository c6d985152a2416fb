//! Which models can be pruned, and why others cannot.

use std::io::Cursor;

use super::*;
use crate::gguf::Array;
use crate::gguf::sample::Sample;

fn shape_of(sample: &Sample) -> Result<ModelShape, NotPrunable> {
    let bytes = sample.bytes();
    let document = Document::read(Cursor::new(&bytes), bytes.len() as u64);
    ModelShape::of(&document.expect("a valid file"))
}

fn reason(sample: &Sample) -> String {
    shape_of(sample)
        .expect_err("it cannot be pruned")
        .to_string()
}

#[test]
fn a_model_is_described_by_its_tensors() {
    for (architecture, family) in [
        ("llama", Family::Llama),
        ("qwen2", Family::Qwen2),
        ("qwen3", Family::Qwen3),
        ("gemma3", Family::Gemma3),
    ] {
        let sample = Sample::model(architecture, 3, 64, 96);
        let shape = shape_of(&sample).expect("it can be pruned");
        assert_eq!((shape.family, shape.n_blocks()), (family, 3));
        assert_eq!((shape.n_embd, shape.n_ff, shape.n_vocab), (64, 96, 40));
        let weights = 4 * 64 * 64 + 3 * 64 * 96;
        assert_eq!(shape.block_weights(), 3 * weights);
        assert_eq!(shape.blocks[1].n_params, weights + 2 * 64);
        assert_eq!(shape.blocks[1].neuron_params, shape.neuron_weights());
        assert_eq!(shape.n_params, 3 * (weights + 128) + 64 * 40 + 64);
        assert_eq!((shape.neurons_together(), shape.windows), (1, None));
    }
}

#[test]
fn heads_are_told_where_groups_of_them_can_go() {
    let heads = |sample: &Sample| shape_of(sample).expect("it can be pruned").heads;
    let two = Heads {
        n_groups: 2,
        n_queries: 1,
        size: 32,
    };
    for (architecture, found) in [
        ("llama", Some(two)),
        ("qwen2", None),
        ("qwen3", Some(two)),
        ("gemma3", Some(two)),
    ] {
        let sample = Sample::model(architecture, 3, 64, 96);
        assert_eq!(heads(&sample), found, "{architecture}");
    }
    let with = |change: &dyn Fn(&mut Sample)| {
        let mut sample = Sample::model("llama", 3, 64, 96);
        change(&mut sample);
        sample
    };
    let shaped = |sample: &mut Sample, part: &str, kind: TensorType, shape: &[u64]| {
        for tensor in &mut sample.tensors {
            if tensor.0.ends_with(part) {
                (tensor.1, tensor.2) = (kind, shape.to_vec());
            }
        }
    };
    // Two queries for a key, of 8 numbers where 16 would be told from the width.
    let grouped = with(&|sample| {
        for (name, n) in [("head_count", 4), ("head_count_kv", 2), ("key_length", 8)] {
            sample.set(&format!("llama.attention.{name}"), Value::U32(n));
        }
        sample.set("llama.attention.value_length", Value::U32(8));
        shaped(sample, "attn_q.weight", TensorType::F16, &[64, 32]);
        shaped(sample, "attn_k.weight", TensorType::F16, &[64, 16]);
        shaped(sample, "attn_v.weight", TensorType::F16, &[64, 16]);
        shaped(sample, "attn_output.weight", TensorType::F16, &[32, 64]);
        sample.add("blk.1.attn_q.bias", TensorType::F32, &[32]);
        sample.add("blk.1.attn_k.bias", TensorType::F32, &[16]);
        sample.add("blk.1.attn_output.bias", TensorType::F32, &[64]);
    });
    let shape = shape_of(&grouped).expect("it can be pruned");
    let found = shape.heads.expect("groups");
    assert_eq!((found.n_groups, found.n_queries, found.size), (2, 2, 8));
    assert_eq!((found.width(), found.group_width()), (32, 16));
    // All of attention, in two groups.
    assert_eq!(2 * shape.group_weights(), 64 * (32 + 16 + 16 + 32));
    let [plain, biased] = [shape.blocks[0], shape.blocks[1]];
    assert_eq!(plain.group_params, shape.group_weights());
    assert_eq!(biased.group_params, plain.group_params + 16 + 8);
    assert!(biased.has_output_bias && !plain.has_output_bias);

    let q8_0 = TensorType::of_id(8).expect("Q8_0");
    for odd in [
        with(&|sample| sample.set("llama.attention.head_count", Value::U32(3))),
        with(&|sample| sample.set("llama.attention.head_count_kv", Value::U32(0))),
        with(&|sample| sample.set("llama.attention.value_length", Value::U32(16))),
        with(&|sample| shaped(sample, "attn_k.weight", TensorType::F16, &[64, 32])),
        with(&|sample| shaped(sample, "attn_output.weight", q8_0, &[64, 64])),
        with(&|sample| sample.add("blk.2.attn_q.bias", TensorType::F32, &[32])),
        with(&|sample| sample.add("blk.2.attn_output.bias", TensorType::F32, &[32])),
        with(&|sample| sample.add("blk.2.attn_qkv.weight", TensorType::F16, &[64, 192])),
    ] {
        assert_eq!(heads(&odd), None);
    }
}

#[test]
fn quantized_weights_keep_neurons_together() {
    let mut sample = Sample::model("llama", 2, 64, 256);
    for (layer, id) in [(0, 8), (1, 12)] {
        let name = block_tensor(layer, "ffn_down.weight");
        let quantized = TensorType::of_id(id).expect("a type");
        let mut tensors = sample.tensors.iter_mut();
        tensors.find(|tensor| tensor.0 == name).expect("it").1 = quantized;
    }
    let shape = shape_of(&sample).expect("it can be pruned");
    assert_eq!(shape.neurons_together(), 256);
}

/// Found by `make fuzz`: the new file had fewer parameters than were forecast.
#[test]
fn a_bias_that_is_not_of_its_matrix_is_refused() {
    for (part, length) in [("gate", 64), ("up", 95), ("down", 65)] {
        let mut sample = Sample::model("llama", 2, 64, 96);
        let name = format!("blk.1.ffn_{part}.bias");
        sample.add(&name, TensorType::F32, &[length]);
        let said = reason(&sample);
        assert!(said.contains(&format!("{name} has an odd shape")), "{said}");
    }
}

#[test]
fn biases_of_neurons_count() {
    let mut sample = Sample::model("llama", 2, 64, 96);
    sample.add("blk.1.ffn_up.bias", TensorType::F32, &[96]);
    sample.add("blk.1.ffn_down.bias", TensorType::F32, &[64]);
    let shape = shape_of(&sample).expect("it can be pruned");
    let [plain, biased] = [shape.blocks[0], shape.blocks[1]];
    assert_eq!(biased.neuron_params, plain.neuron_params + 1);
    assert_eq!(biased.n_params, plain.n_params + 96 + 64);
    assert!(biased.has_down_bias && !plain.has_down_bias);
    assert_eq!(plain.weights, biased.weights);
}

#[test]
fn the_windows_of_gemma3_are_read_as_llama_cpp_reads_them() {
    let windows = |keys: &[(&str, Value)]| {
        let mut sample = Sample::model("gemma3", 8, 64, 96);
        sample.set("gemma3.attention.sliding_window", Value::U32(512));
        for (key, value) in keys {
            sample.set(key, value.clone());
        }
        shape_of(&sample).map(|shape| shape.windows)
    };
    let pattern = "gemma3.attention.sliding_window_pattern";
    let of = |text: &str| Some(text.chars().map(|c| c == 'w').collect::<Vec<_>>());
    assert_eq!(windows(&[]), Ok(of("wwwww.ww")));
    assert_eq!(windows(&[(pattern, Value::U32(3))]), Ok(of("ww.ww.ww")));
    assert_eq!(windows(&[(pattern, Value::U32(0))]), Ok(of("wwwwwwww")));
    let written = Array::of_bools(&[false, true, true]);
    let written = windows(&[(pattern, Value::Array(written))]);
    assert_eq!(written, Ok(of(".ww.....")));
    let none = ("gemma3.attention.sliding_window", Value::U32(0));
    assert_eq!(windows(&[none]), Ok(None));
    assert!(windows(&[(pattern, Value::F32(6.0))]).is_err());
}

#[test]
fn other_models_are_refused_with_the_reason_and_a_way_out() {
    let with = |architecture: &str, key: &str, value: Value| {
        let mut sample = Sample::model(architecture, 3, 64, 96);
        sample.set(&format!("{architecture}.{key}"), value);
        reason(&sample)
    };
    let plain = |architecture: &str| reason(&Sample::model(architecture, 3, 64, 96));
    let with_tensor = |name: &str| {
        let mut sample = Sample::model("llama", 3, 64, 96);
        sample.add(name, TensorType::F32, &[64]);
        reason(&sample)
    };
    let uneven = Value::Array(Array::of_u32s(&[96, 64, 96]));
    let large = Sample::model("gemma3", 62, 8, 32);
    for (reason, says) in [
        (with("llama", "expert_count", Value::U32(8)), "8 experts"),
        (plain("mamba2"), "recurrent"),
        (plain("phi3"), "phi3 models cannot be pruned yet"),
        (plain("phi\u{1b}3"), r"phi\u{1b}3 models cannot be"),
        (with_tensor("blk.3.attn_norm.weight"), "blk.3.attn_norm"),
        (with_tensor("blk.01.attn_norm.weight"), "blk.01."),
        (with_tensor("blk.1.ffn_down.scale"), "ffn_down.scale"),
        (with_tensor("cls.output.weight"), "cls.output"),
        (with_tensor("cls\u{1b}"), r#"a tensor "cls\u{1b}""#),
        (with("llama", "block_count", Value::U32(600)), "absurd"),
        (with("llama", "feed_forward_length", uneven), "differs"),
        (
            with("llama", "feed_forward_length", Value::U32(64)),
            "from its tensors",
        ),
        (
            with("qwen2", "nextn_predict_layers", Value::U32(1)),
            "further tokens",
        ),
        (reason(&large), "62 blocks"),
    ] {
        assert!(reason.contains(says), "{says}: {reason}");
        assert!(reason.contains("Quantize"), "{reason}");
    }
    // Fewer blocks than the file says, and one of another width.
    let mut missing = Sample::model("llama", 3, 64, 96);
    missing.set("llama.block_count", Value::U32(4));
    assert!(reason(&missing).contains("it has no blk.3.ffn_down"));
    let mut odd = Sample::model("llama", 3, 64, 96);
    let mut tensors = odd.tensors.iter_mut();
    let gate = tensors.find(|tensor| tensor.0 == "blk.1.ffn_gate.weight");
    gate.expect("it").2 = vec![64, 64];
    assert!(reason(&odd).contains("blk.1.ffn_gate.weight has an odd shape"));
}
