//! Groups of heads that go by width, beside neurons.

use std::io::Cursor;

use proptest::prelude::*;

use super::tests::{planned, prune, shape, smollm2};
use super::*;
use crate::gguf::sample::Sample;
use crate::gguf::{Heads, narrowed};

/// A model with heads that can go: groups, queries of each, numbers of a query.
fn grouped(
    n_blocks: usize,
    (n_embd, n_ff): (u32, u32),
    (n_groups, n_queries, size): (u32, u32, u32),
) -> ModelShape {
    let heads = Heads {
        n_groups,
        n_queries,
        size,
    };
    let weights = heads.group_weights(n_embd);
    let mut shape = shape(n_blocks, n_embd, n_ff, u64::from(n_groups) * weights);
    shape.heads = Some(heads);
    for block in &mut shape.blocks {
        block.group_params = weights;
    }
    shape
}

#[test]
fn heads_go_by_width_from_a_large_ratio_on_and_never_by_depth() {
    let ways = |shape: &ModelShape, method, share| {
        let ways = planned(shape, method, share).ways.into_iter();
        ways.map(|way| (way.n_groups_removed, way.n_ff))
            .collect::<Vec<_>>()
    };
    let demo = grouped(30, (576, 1536), (3, 3, 64));
    assert_eq!(demo.block_weights(), smollm2().block_weights());
    let width = |share| ways(&demo, PruningMethod::Width, share)[0];
    assert_eq!(width(0.3), (0, 928));
    assert_eq!(width(0.44).0, 0);
    assert_eq!(width(0.45).0, 1);
    assert_eq!(width(0.5), (1, 672));
    assert_eq!(ways(&demo, PruningMethod::Depth, 0.45), [(0, 1472)]);
    assert_eq!(ways(&demo, PruningMethod::Depth, 0.5), [(0, 1536)]);
    let way = planned(&demo, PruningMethod::Width, 0.5).first();
    // The mean of the neurons that go, and of the heads that do.
    let n_biases = 2 * 30 * 576;
    let removed = demo.block_weights() - way.block_weights;
    assert_eq!(way.n_params, demo.n_params - removed + n_biases);

    // Llama 3 8B: half of the groups and half of the neurons.
    let large = grouped(32, (4096, 14336), (8, 4, 128));
    assert_eq!(ways(&large, PruningMethod::Width, 0.5), [(4, 7168)]);
    // Gemma 3 1B has one group, which stays.
    let single = grouped(26, (1152, 6912), (1, 4, 256));
    assert_eq!(ways(&single, PruningMethod::Width, 0.5)[0].0, 0);
    // Where what stays is not refitted, heads stay.
    let mut quantized = demo;
    for block in &mut quantized.blocks {
        block.down = TensorType::of_id(8).expect("Q8_0");
    }
    assert_eq!(ways(&quantized, PruningMethod::Width, 0.5), [(0, 512)]);
}

#[test]
fn auto_offers_what_width_does_and_heads_where_as_much_is_left_to_remove() {
    let demo = grouped(30, (576, 1536), (3, 3, 64));
    let large = grouped(32, (4096, 14336), (8, 4, 128));
    for shape in [&demo, &large] {
        for share in (10..=50).map(|percent| f64::from(percent) / 100.0) {
            let [width, auto] = [PruningMethod::Width, PruningMethod::Auto]
                .map(|method| planned(shape, method, share).first());
            assert_eq!(width, auto, "{share}");
        }
    }
    // Without one and two of 30 blocks 48 % and 46 % of the others are left to remove,
    // without three 44 %.
    let ways = planned(&demo, PruningMethod::Auto, 0.5).ways;
    let groups: Vec<u32> = ways.iter().map(|way| way.n_groups_removed).collect();
    assert_eq!(groups[..3], [1; 3]);
    assert!(
        groups[3..].iter().all(|n_groups| *n_groups == 0),
        "{groups:?}"
    );
    let blocks: Vec<u32> = ways.iter().map(|way| way.n_blocks_removed).collect();
    assert_eq!(blocks, (0..=15).collect::<Vec<u32>>());
    for way in ways {
        assert!((way.ratio - 0.5).abs() <= 0.01 + 1e-9, "{way:?}");
    }
}

proptest! {
    #[test]
    fn a_plan_with_heads_keeps_what_a_plan_promises(
        n_blocks in 1_usize..40,
        n_embd in (1_u32..64).prop_map(|n| n * 64),
        n_ff in (1_u32..400).prop_map(|n| n * 32),
        (n_groups, n_queries) in (1_u32..33, 1_u32..9),
        size in prop::sample::select(vec![16_u32, 64, 80, 128, 256]),
        share in 0.1..=0.5_f64,
    ) {
        let shape = grouped(n_blocks, (n_embd, n_ff), (n_groups, n_queries, size));
        let plan = plan_pruning(&shape, prune(PruningMethod::Width, share));
        // Its networks may be too small a part of it.
        let Ok(plan) = plan else { return Ok(()) };
        let way = plan.first();
        let asked = plan.prune.ratio.share();
        prop_assert!((way.ratio - asked).abs() <= 0.01 + 1e-9);
        prop_assert!(way.n_ff.is_multiple_of(32) && (32..n_ff).contains(&way.n_ff));
        prop_assert!(way.n_groups_removed < n_groups);
        let groups = f64::from(way.n_groups_removed) / f64::from(n_groups);
        prop_assert!(groups <= asked + 0.5 / f64::from(n_groups));
        prop_assert!(asked >= 0.45 || way.n_groups_removed == 0);
        let n_gone = u64::from(n_ff - way.n_ff) * shape.neuron_weights()
            + u64::from(way.n_groups_removed) * shape.group_weights();
        let n_left = shape.block_weights() - n_blocks as u64 * n_gone;
        prop_assert_eq!(way.block_weights, n_left);
    }
}

#[test]
fn sizes_without_heads_are_those_of_the_written_files() {
    for architecture in ["llama", "qwen3", "gemma3"] {
        let mut sample = Sample::model(architecture, 3, 64, 256);
        if architecture == "llama" {
            sample.add("blk.2.attn_output.bias", TensorType::F32, &[64]);
            sample.add("blk.2.attn_k.bias", TensorType::F32, &[64]);
        }
        let source = sample.bytes();
        let document = Document::read(Cursor::new(&source), source.len() as u64);
        let document = document.expect("a valid file");
        let shape = ModelShape::of(&document).expect("it can be pruned");
        let plan = planned(&shape, PruningMethod::Width, 0.5);
        let way = plan.first();
        assert_eq!((way.n_groups_removed, way.n_ff), (1, 128));
        let refitted = |n_columns: usize| Down::Refitted {
            kind: TensorType::F16,
            weights: Content::Bytes(vec![0; n_columns * 64 * 2]),
            bias: plan.with_bias.then(|| vec![0.0; 64]),
        };
        let narrowing = |group: u32| Narrowing {
            keep: (1..129).collect(),
            down: refitted(128),
            attention: Some(AttentionCut {
                groups: Some(vec![group]),
                output: refitted(32),
            }),
        };
        let narrowings = vec![narrowing(0), narrowing(1), narrowing(1)];
        let mut rewrite = narrowed(&document, &shape, narrowings).expect("it fits");
        rewrite.label("x", &[]);
        let mut new = Vec::new();
        rewrite
            .write(&mut Cursor::new(&source), &mut new, |_, _| ())
            .expect("it can be written");
        let size = plan.size_bytes(&document, &shape, way, "x", &[]);
        assert_eq!(Ok(new.len() as u64), size, "{architecture}");
        assert_eq!(rewrite.n_params(), way.n_params);
        let after = Document::read(Cursor::new(&new), new.len() as u64);
        let after = ModelShape::of(&after.expect("a valid file"));
        let after = after.expect("it can be pruned again");
        assert_eq!(after.block_weights(), way.block_weights);
    }
}
