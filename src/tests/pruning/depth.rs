//! Pruning by depth, and the search for the blocks that go.

use std::fs;

use whittle::domain::protocol::WorkerErrorKind;
use whittle::domain::pruning::{PruningMethod, PruningProgress};

use super::{Ask, Bench, ask, four_chunks};

/// Half of the blocks, unless that costs more.
fn within(loss_budget: f64) -> Ask {
    Ask {
        loss_budget: Some(loss_budget),
        ..ask(PruningMethod::Depth, 0.5)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_where_the_budget_does() {
    let bench = Bench::of_needed_blocks(4);
    let whole = bench.cut(ask(PruningMethod::Depth, 0.5)).await;
    let lost = |n: usize| whole.curve[n].perplexity / whole.curve[0].perplexity;
    assert!(lost(1) < 1.01 && lost(2) > 10.0, "{:?}", whole.curve);
    for budget in [1.01, 10.0] {
        let (cut, told) = bench.prune(within(budget)).await.expect("pruned");
        assert_eq!(cut.curve, whole.curve[..2]);
        assert!((cut.achieved_pruning_ratio - 0.25).abs() < 1e-9);
        let n_gone = cut.layers.iter().filter(|cut| cut.weights_after == 0);
        assert_eq!(n_gone.count(), 1);
        // What is refused ends the search, and is no point of its curve.
        let last = told.iter().rev().find_map(|progress| match progress {
            PruningProgress::Search { done, of, point } => Some((done == of, *point)),
            _ => None,
        });
        assert_eq!(last, Some((true, whole.curve[1])), "{told:?}");
    }
    // Of two blocks, the first is half.
    let (kind, message) = Bench::of_needed_blocks(2).refusal(within(10.0)).await;
    assert_eq!(kind, WorkerErrorKind::Model);
    assert!(message.contains("and the budget is × 10"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_nothing_exceeds_ends_no_search() {
    let bench = Bench::with_four_blocks();
    assert_eq!(bench.cut(within(10.0)).await.curve.len(), 3);
    let refused = Ask {
        method: PruningMethod::Width,
        ..within(1.5)
    };
    let (kind, message) = bench.refusal(refused).await;
    assert_eq!(kind, WorkerErrorKind::Model);
    assert!(message.contains("prune by depth"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_one_by_one_compute_what_the_whole_model_does() {
    let bench = Bench::with("llama");
    let cut = bench
        .cut(Ask {
            text: four_chunks(),
            ..ask(PruningMethod::Depth, 0.5)
        })
        .await;
    let found = bench.quality().await;
    // The same four chunks, read by the same model in two ways.
    let whole = found.baseline.perplexity.value;
    let in_blocks = cut.curve[0].perplexity;
    assert!(
        (in_blocks / whole - 1.0).abs() < 1e-4,
        "{in_blocks} and {whole}"
    );

    assert_eq!(cut.curve.len(), 2);
    let removed = cut.curve[1].removed_layer.expect("a block is gone");
    assert!((cut.curve[1].removed_share - 0.5).abs() < 1e-9);
    let left: Vec<u64> = cut.layers.iter().map(|layer| layer.weights_after).collect();
    let mut right = [40_960; 2];
    right[removed as usize] = 0;
    assert_eq!(left, right);
    assert_eq!(
        cut.bytes_after,
        fs::metadata(bench.target()).expect("a file").len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_are_told_in_their_order_and_trials_are_no_search() {
    let bench = Bench::with_four_blocks();
    let (_, told) = bench
        .prune(ask(PruningMethod::Auto, 0.5))
        .await
        .expect("pruned");
    let stage = |progress: &PruningProgress| match progress {
        PruningProgress::Whole { .. } => 0,
        PruningProgress::Known | PruningProgress::Search { .. } => 1,
        PruningProgress::Trial { .. } => 2,
        PruningProgress::Layer { .. } => 3,
        PruningProgress::Write { .. } => 4,
    };
    let stages: Vec<u32> = told.iter().map(stage).collect();
    assert!(stages.is_sorted() && stages.contains(&0), "{told:?}");
}
