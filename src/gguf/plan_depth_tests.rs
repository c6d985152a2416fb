//! What ratios remove by depth: whole blocks, and the rest as neurons of the others.

use super::tests::{planned, prune, reason, shape, smollm2};
use super::*;
use crate::domain::loss_budget::LossBudget;

/// The steps of the slider.
fn steps() -> impl Iterator<Item = f64> {
    (2..=10).map(|n| f64::from(n) / 20.0)
}

#[test]
fn whole_blocks_go_alone_where_they_come_within_a_point() {
    let way = |share| {
        let way = planned(&smollm2(), PruningMethod::Depth, share).first();
        (way.n_blocks_removed, way.n_ff)
    };
    let alone = [
        (0.1, 3),
        (0.2, 6),
        (0.26, 8),
        (0.3, 9),
        (0.4, 12),
        (0.5, 15),
    ];
    for (share, n_blocks) in alone {
        assert_eq!(way(share), (n_blocks, 1536), "{share}");
    }
    // 32 neurons are 1.6 % of a block.
    let with_neurons = [
        (0.15, 4, 1504),
        (0.25, 7, 1504),
        (0.35, 10, 1472),
        (0.45, 13, 1472),
    ];
    for (share, n_blocks, n_ff) in with_neurons {
        assert_eq!(way(share), (n_blocks, n_ff), "{share}");
    }
}

#[test]
fn depth_is_within_a_point_whatever_the_number_of_blocks() {
    for n_blocks in 1..=60 {
        for shape in [
            shape(n_blocks, 576, 1536, 2 * 576 * 576 + 2 * 576 * 192),
            // Llama 3 8B, Qwen 3 0.6B.
            shape(n_blocks, 4096, 14336, 2 * 4096 * 4096 + 2 * 4096 * 1024),
            shape(n_blocks, 1024, 3072, 2 * 1024 * 2048 + 2 * 1024 * 1024),
        ] {
            for share in steps() {
                let plan = plan_pruning(&shape, prune(PruningMethod::Depth, share));
                let off = |n: f64| (n / n_blocks as f64 - share).abs();
                let nearest = (share * n_blocks as f64).round();
                let are_near = nearest >= 1.0 && off(nearest) <= 0.01 + 1e-9;
                let Ok(plan) = plan else {
                    // Then not even one block fits in.
                    assert!(
                        share * (n_blocks as f64) < 1.0,
                        "{n_blocks} blocks, {share}"
                    );
                    assert!(!are_near || n_blocks == 1, "{n_blocks} blocks, {share}");
                    continue;
                };
                let way = plan.first();
                assert_eq!(plan.ways.len(), 1);
                assert!(way.n_blocks_removed > 0);
                assert!((way.ratio - share).abs() <= 0.01 + 1e-9, "{share}: {way:?}");
                assert_eq!(way.n_ff == shape.n_ff, are_near, "{share}: {way:?}");
            }
        }
    }
}

#[test]
fn with_a_budget_the_ratio_is_the_most_that_goes_and_no_neurons_do() {
    let bounded = |share| Prune {
        loss_budget: Some(LossBudget::try_from(1.5).expect("a budget")),
        ..prune(PruningMethod::Depth, share)
    };
    for (share, n_blocks) in [(0.15, 4), (0.25, 7), (0.26, 8), (0.3, 9)] {
        let plan = plan_pruning(&smollm2(), bounded(share)).expect("a plan");
        let way = plan.first();
        assert_eq!((way.n_blocks_removed, way.n_ff), (n_blocks, 1536));
        assert!(way.ratio <= share + 0.01);
    }
}

#[test]
fn where_no_neurons_make_up_for_a_block_the_nearest_numbers_are_named() {
    let mut quantized = smollm2();
    for block in &mut quantized.blocks {
        block.down = TensorType::of_id(12).expect("Q4_K");
    }
    let refused = reason(&quantized, PruningMethod::Depth, 0.25);
    assert!(refused.contains("Ask for 23.3 % or 26.7 %"), "{refused}");
    let says = r#"let it be upcast to F16 first ("upcast": true, --upcast, or whittle upcast"#;
    assert!(refused.contains(says), "{refused}");
    assert_eq!(
        planned(&quantized, PruningMethod::Depth, 0.3).first().n_ff,
        1536
    );
}
