//! Files without some of their neurons.

use whittle::domain::quantization::QuantizationType;
use whittle::gguf::{Array, Rewrite, Value, block_tensor};

use super::model::Model;
use super::{ARCHITECTURES, SAME_KLD, assert_same, divergence, load};
use crate::one_worker::quantize;
use crate::tiny_model::Tiny;

#[tokio::test(flavor = "multi_thread")]
async fn neurons_that_do_nothing_can_go() {
    let is_idle = |neuron: usize| neuron % 4 == 1;
    for (architecture, is_half) in ARCHITECTURES
        .map(|architecture| (architecture, false))
        .into_iter()
        .chain([("llama", true)])
    {
        let kind = Tiny {
            is_half,
            ..Tiny::of(architecture)
        };
        let model = Model::of(kind).with_idle_neurons(is_idle);
        let cut = model.without_neurons(is_idle);
        assert_same(&model, &model.write("cut.gguf", &cut)).await;
        // They did something before.
        let busy = Model::of(kind);
        let cut = busy.without_neurons(is_idle);
        let [kld] = divergence(&busy, [&busy.write("cut.gguf", &cut)]).await;
        assert!(kld > SAME_KLD, "{architecture}: {kld}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quantized_neurons_go_by_whole_blocks() {
    for (level, n_ff, together) in [
        (QuantizationType::Q8_0, 256, 32),
        (QuantizationType::Q4_0, 256, 32),
        (QuantizationType::Q4_K_M, 768, 256),
    ] {
        let is_idle = |neuron: usize| [1, 4].contains(&(neuron / together));
        let exact = Model::of(Tiny {
            n_ff,
            ..Tiny::default()
        });
        let exact = exact.with_idle_neurons(is_idle);
        let target = exact.path.with_file_name("quantized.gguf");
        quantize(&exact.path, &target, level).await;
        let model = exact.beside(target);
        assert_eq!(model.shape.neurons_together() as usize, together);
        let cut = model.without_neurons(is_idle);
        assert_same(&model, &model.write("cut.gguf", &cut)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bias_of_ffn_down_loads_where_it_is_said_to() {
    for architecture in ARCHITECTURES {
        let model = Model::of(Tiny::of(architecture));
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
        let model = Model::of(Tiny::of(architecture));
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
