//! Files without some of their blocks, and slices of files.

use whittle::gguf::{
    Down, Narrowing, Rewrite, SliceEnd, Value, slice_block, slice_blocks, without_blocks,
};

use super::model::Model;
use super::{ARCHITECTURES, SAME_KLD, assert_same, divergence, load};
use crate::tiny_model::Tiny;

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_do_nothing_can_go() {
    for architecture in ARCHITECTURES {
        let kind = Tiny {
            n_blocks: 4,
            ..Tiny::of(architecture)
        };
        let model = Model::of(kind).with_idle_blocks(&[0, 2]);
        let cut = without_blocks(&model.document, &model.shape, &[0, 2]).expect("two stay");
        assert_same(&model, &model.write("cut.gguf", &cut)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_stay_with_their_blocks() {
    let kind = Tiny {
        n_blocks: 8,
        ..Tiny::of("gemma3")
    };
    let model = Model::of(kind).with_idle_blocks(&[1, 3]);
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
async fn what_is_left_behind_of_a_block_is_not_loaded() {
    let model = Model::of(Tiny::default());
    let mut rewrite = Rewrite::of(&model.document);
    rewrite.set("llama.block_count", Value::U32(1));
    let reason = load(&model.write("left.gguf", &rewrite)).await;
    let reason = reason.expect_err("it is not loaded");
    assert!(reason.contains("wrong number of tensors"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_load_without_a_vocabulary() {
    for architecture in ARCHITECTURES {
        let kind = Tiny {
            n_blocks: 3,
            is_half: true,
            ..Tiny::of(architecture)
        };
        let model = Model::of(kind);
        let (document, shape) = (&model.document, &model.shape);
        let narrowing = Narrowing {
            keep: (0..32).collect(),
            down: Down::Columns,
            attention: None,
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
