//! Groups of heads are gone from all of attention, and nothing else.

use super::tests::{Model, columns, data};
use super::*;
use crate::gguf::sample::Sample;
use crate::gguf::{AttentionCut, Down, TensorType, slice_block};

/// All neurons of 96, and these groups of heads.
fn with_groups(groups: &[u32]) -> BlockCut {
    BlockCut::Narrow(Narrowing {
        attention: Some(AttentionCut {
            groups: Some(groups.to_vec()),
            output: Down::Columns,
        }),
        ..columns(&(0..96).collect::<Vec<_>>())
    })
}

#[test]
fn groups_of_heads_go_from_all_of_attention() {
    let mut sample = Sample::model("llama", 2, 64, 96);
    for layer in 0..2 {
        let name = block_tensor(layer, "attn_v.bias");
        sample.add(&name, TensorType::F32, &[64]);
    }
    let model = Model::of(&sample);
    let cuts = vec![with_groups(&[1]), with_groups(&[1])];
    let rewrite = pruned(&model.document, &model.shape, cuts).expect("one stays");
    let (after, new) = model.written(&rewrite);
    // What was told from the number of heads is written out.
    for (name, n) in [
        ("attention.head_count", 1),
        ("attention.head_count_kv", 1),
        ("attention.key_length", 32),
        ("attention.value_length", 32),
        ("rope.dimension_count", 32),
    ] {
        assert_eq!(after.unsigned(&own_key(&after, name)), Some(n), "{name}");
    }
    let both = |part: &str| {
        let name = block_tensor(1, part);
        [model.data(&name), data(&after, &new, &name)]
    };
    for part in ["attn_q.weight", "attn_k.weight", "attn_v.weight"] {
        let [old, cut] = both(part);
        assert_eq!(cut, old[32 * 64 * 2..], "{part}");
    }
    let [old, cut] = both("attn_v.bias");
    assert_eq!(cut, old[32 * 4..]);
    let [old, cut] = both("attn_output.weight");
    assert_eq!(cut.len(), 64 * 32 * 2);
    assert_eq!(cut[5 * 64..][..64], old[(5 * 64 + 32) * 2..][..64]);
    let [old, cut] = both("ffn_up.weight");
    assert_eq!(cut, old);
    let shape = ModelShape::of(&after).expect("it can be pruned again");
    let left = model.shape.heads.expect("groups");
    assert_eq!(shape.heads.map(|heads| heads.n_groups), Some(1));
    assert_eq!(shape.heads.map(|heads| heads.size), Some(left.size));
    let fewer = model.shape.block_weights() - shape.block_weights();
    assert_eq!(fewer, 2 * model.shape.group_weights());

    let slice = slice_block(
        &model.document,
        &model.shape,
        1,
        narrowing(with_groups(&[0])),
    );
    let after = model.written(&slice.expect("a slice")).0;
    assert_eq!(after.unsigned("llama.attention.head_count"), Some(1));
}

/// What is narrowed.
fn narrowing(cut: BlockCut) -> Option<Narrowing> {
    match cut {
        BlockCut::Narrow(narrowing) => Some(narrowing),
        BlockCut::Keep | BlockCut::Remove => None,
    }
}

#[test]
fn heads_that_do_not_fit_are_refused() {
    let model = Model::of(&Sample::model("llama", 2, 64, 96));
    for (cuts, says) in [
        (
            vec![BlockCut::Keep, with_groups(&[0])],
            "different numbers of neurons or heads",
        ),
        (vec![with_groups(&[0, 2]), BlockCut::Remove], "not there"),
        (vec![with_groups(&[]), BlockCut::Remove], "or none"),
    ] {
        let refused = pruned(&model.document, &model.shape, cuts);
        let reason = refused.expect_err("it is refused").to_string();
        assert!(reason.contains(says), "{reason}");
    }
    let qwen = Model::of(&Sample::model("qwen2", 1, 64, 96));
    let whole = pruned(&qwen.document, &qwen.shape, vec![with_groups(&[0])]);
    let reason = whole.expect_err("its heads stay").to_string();
    assert!(reason.contains("can only stay"), "{reason}");
}
