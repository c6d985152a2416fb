//! Pruning by auto beside the two that it chooses from, and by depth where blocks alone
//! do not do.

use std::fs;

use whittle::domain::pruning::PruningMethod;

use super::{Ask, Bench, ask, four_chunks};
use crate::tiny_model::Tiny;

fn four_chunks_by(method: PruningMethod, ratio: f64) -> Ask {
    Ask {
        text: four_chunks(),
        ..ask(method, ratio)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_loses_no_more_than_width_and_depth() {
    // The text that decides is that which the loss is measured on.
    let bench = Bench::with_four_blocks();
    let mut losses = Vec::new();
    for method in [
        PruningMethod::Width,
        PruningMethod::Depth,
        PruningMethod::Auto,
    ] {
        let cut = bench.cut(four_chunks_by(method, 0.5)).await;
        let ratio = cut.achieved_pruning_ratio;
        assert!((ratio - 0.5).abs() < 1e-9, "{method}: {ratio}");
        let loss = bench.ln_ratio().await;
        losses.push(loss);
        let n_heads = cut.layers.iter().map(|layer| layer.n_heads_removed).max();
        if method == PruningMethod::Width {
            assert_eq!(n_heads, Some(2));
        }
        let n_searched = if method.searches() { 4 * 512 } else { 0 };
        assert_eq!(cut.search_tokens, n_searched, "{method}");
        assert_eq!(cut.calibration_tokens, 4 * 512, "{method}");
    }
    let [width, depth, auto] = losses[..] else {
        panic!("{losses:?}")
    };
    assert!(auto <= width.min(depth) + 1e-4, "{losses:?}");
    assert!(
        (width - depth).abs() > 1e-3,
        "there is no choice: {losses:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn depth_takes_from_neurons_what_no_number_of_blocks_makes() {
    // One of four blocks, and a quarter of the neurons of the others: 15 % of each.
    for architecture in ["llama", "gemma3"] {
        let bench = Bench::of(Tiny {
            n_blocks: 4,
            ..Tiny::of(architecture)
        });
        let cut = bench.cut(four_chunks_by(PruningMethod::Depth, 0.36)).await;
        assert!((cut.achieved_pruning_ratio - 0.3625).abs() < 1e-9);
        assert_eq!(cut.curve.len(), 2, "one block is searched for");
        let gone = cut.layers.iter().filter(|layer| layer.weights_after == 0);
        assert_eq!(gone.count(), 1);
        let narrow = cut.layers.iter().filter(|layer| layer.n_ff_after == 96);
        assert_eq!(narrow.count(), 3);
        assert_eq!(cut.not_refitted, None, "{architecture}");
        let n_bytes = fs::metadata(bench.target()).expect("a file").len();
        assert_eq!(cut.bytes_after, n_bytes);
        assert!(bench.ln_ratio().await.is_finite());
    }
}
