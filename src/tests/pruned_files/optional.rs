//! Tensors that not every llama has: files with them are loaded, whole and cut.

use super::model::{LLAMA_MATRICES, Model};
use super::{SAME_KLD, assert_same, divergence, load};
use crate::tiny_model::Tiny;

#[tokio::test(flavor = "multi_thread")]
async fn every_bias_that_a_llama_may_have_is_loaded_whole_and_cut() {
    let plain = Model::of(Tiny {
        n_groups: 2,
        ..Tiny::default()
    });
    for matrix in LLAMA_MATRICES {
        let path = plain.write("biased.gguf", &plain.with_bias_of(matrix, 0.25));
        let [kld] = divergence(&plain, [&path]).await;
        assert!(kld > SAME_KLD, "{matrix}: its bias does nothing");
        let biased = plain.beside(path);
        let cuts = [
            biased.without_neurons(|neuron| neuron % 4 == 1),
            biased.without_heads(1),
        ];
        for cut in cuts {
            let loaded = load(&biased.write("cut.gguf", &cut)).await;
            assert_eq!(loaded, Ok(()), "{matrix}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_nothing_can_go_whatever_else_a_llama_has() {
    let is_idle = |neuron: usize| neuron % 4 == 1;
    let more = Model::of(Tiny {
        n_groups: 2,
        ..Tiny::default()
    })
    .with_all_that_a_llama_may_have();
    let idle = more.with_idle_neurons(is_idle);
    let cut = idle.without_neurons(is_idle);
    assert_same(&idle, &idle.write("cut.gguf", &cut)).await;
    let idle = more.with_idle_heads(1);
    let cut = idle.without_heads(1);
    assert_same(&idle, &idle.write("cut.gguf", &cut)).await;
}
