//! Files without some of their attention heads.

use whittle::gguf::Value;

use super::model::Model;
use super::{ARCHITECTURES, SAME_KLD, assert_same, divergence, load};
use crate::tiny_model::Tiny;

/// Two heads share a key and a value.
fn grouped(architecture: &'static str) -> Tiny {
    Tiny {
        n_groups: 2,
        ..Tiny::of(architecture)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_heads_that_do_nothing_can_go() {
    for architecture in ["llama", "qwen3", "gemma3"] {
        for kind in [grouped(architecture), Tiny::of(architecture)] {
            let model = Model::of(kind).with_idle_heads(1);
            let cut = model.without_heads(1);
            assert_same(&model, &model.write("cut.gguf", &cut)).await;
        }
        // They did something before.
        let busy = Model::of(grouped(architecture));
        let cut = busy.without_heads(1);
        let [kld] = divergence(&busy, [&busy.write("cut.gguf", &cut)]).await;
        assert!(kld > SAME_KLD, "{architecture}: {kld}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn qwen2_loads_no_fewer_heads_than_it_is_wide() {
    let model = Model::of(grouped("qwen2"));
    assert_eq!(model.shape.heads, None);
    // As if it could, with its numbers as they would be.
    let llama = Model::of(grouped("llama"));
    let mut fewer = llama.without_heads(1);
    fewer.set("general.architecture", Value::Text("qwen2".to_owned()));
    for (key, n) in [
        ("context_length", 2048),
        ("embedding_length", 64),
        ("block_count", 2),
        ("feed_forward_length", 128),
        ("attention.head_count", 2),
        ("attention.head_count_kv", 1),
        ("attention.key_length", 16),
        ("attention.value_length", 16),
        ("vocab_size", 300),
    ] {
        fewer.set(&format!("qwen2.{key}"), Value::U32(n));
    }
    fewer.set("qwen2.attention.layer_norm_rms_epsilon", Value::F32(1e-5));
    let reason = load(&llama.write("fewer.gguf", &fewer)).await;
    let reason = reason.expect_err("it is not loaded");
    assert!(reason.contains("wrong shape"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bias_of_attn_output_loads_where_it_is_said_to() {
    for architecture in ARCHITECTURES {
        let model = Model::of(Tiny::of(architecture));
        let none = model.write("none.gguf", &model.with_bias_of("attn_output", 0.0));
        if model.shape.family.loads_down_bias() {
            let some = model.write("some.gguf", &model.with_bias_of("attn_output", 0.25));
            let [none, some] = divergence(&model, [&none, &some]).await;
            assert!(none < SAME_KLD && some > SAME_KLD, "{none}, {some}");
        } else {
            let reason = load(&none).await.expect_err("it is not loaded");
            assert!(reason.contains("wrong number of tensors"), "{reason}");
        }
    }
}
