//! Searches for blocks that begin where an earlier one has come to.

use std::fs;

use whittle::domain::protocol::WorkerErrorKind;
use whittle::domain::pruning::{BlockSearch, PruningCut, PruningMethod, PruningProgress};

use super::{Ask, Bench, ask};

/// By depth, of four blocks.
fn half_knowing(searched: BlockSearch) -> Ask {
    Ask {
        searched,
        ..ask(PruningMethod::Depth, 0.5)
    }
}

fn quarter_knowing(searched: BlockSearch) -> Ask {
    Ask {
        ratio: 0.25,
        ..half_knowing(searched)
    }
}

/// What is gone, and whether anything was searched for.
async fn cut_and_searched(bench: &Bench, ask: Ask) -> (PruningCut, bool) {
    let (cut, told, searches) = bench.prune_searching(ask).await.expect("pruned");
    let is_search = |progress: &PruningProgress| {
        matches!(
            progress,
            PruningProgress::Whole { .. } | PruningProgress::Search { .. }
        )
    };
    let is_told = told.iter().any(is_search);
    assert_eq!(is_told, !searches.is_empty());
    assert_eq!(is_told, !told.contains(&PruningProgress::Known));
    (cut, is_told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_more_blocks_begins_as_one_for_fewer() {
    let bench = Bench::with_four_blocks();
    let nothing = BlockSearch::default();
    let more = bench.prune_searching(half_knowing(nothing.clone())).await;
    let (more, _, steps) = more.expect("pruned");
    let file = fs::read(bench.target()).expect("a file");
    let n_known: Vec<u32> = steps.iter().map(BlockSearch::n_known).collect();
    assert_eq!(n_known, [0, 1, 2], "each step is told");
    let whole = &steps[2];
    assert_eq!(whole.curve, more.curve);
    assert_eq!(more.blocks_known, 0);

    let (fewer, searched) = cut_and_searched(&bench, quarter_knowing(nothing)).await;
    assert!(searched);
    let (known, searched) = cut_and_searched(&bench, quarter_knowing(whole.clone())).await;
    assert!(!searched, "it is not repeated");
    assert_eq!(known.layers, fewer.layers);
    assert_eq!(known.curve, fewer.curve);
    assert_eq!(more.curve[..2], fewer.curve);
    assert_eq!((fewer.blocks_known, known.blocks_known), (0, 1));

    // It goes on from wherever it was ended, as if it had not been.
    for step in &steps {
        let again = bench.prune_searching(half_knowing(step.clone())).await;
        let (again, _, found) = again.expect("pruned");
        assert_eq!(again.curve, more.curve);
        assert_eq!(again.blocks_known, step.n_known());
        assert!(found.last().is_none_or(|found| found == whole));
        assert_eq!(found.len(), 2 - step.n_known() as usize);
        assert!(file == fs::read(bench.target()).expect("a file"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_judged_on_what_is_known() {
    let bench = Bench::with_four_blocks();
    let nothing = half_knowing(BlockSearch::default());
    let whole = bench.prune_searching(nothing).await.expect("pruned").2;
    let mut whole = whole.into_iter().next_back().expect("a search");
    // Random weights lose nothing that a budget could end: the figures are played.
    let first = whole.curve[0].perplexity;
    whole.curve[1].perplexity = 1.2 * first;
    whole.curve[2].perplexity = 2.0 * first;
    let with = |loss_budget| Ask {
        loss_budget: Some(loss_budget),
        ..half_knowing(whole.clone())
    };
    for (budget, n_removed) in [(1.5, 1), (3.0, 2)] {
        let (cut, searched) = cut_and_searched(&bench, with(budget)).await;
        assert!(!searched, "it is known");
        assert_eq!(cut.curve, whole.curve[..=n_removed]);
        assert_eq!(cut.blocks_known, n_removed as u32);
        let share = n_removed as f64 / 4.0;
        assert!((cut.achieved_pruning_ratio - share).abs() < 1e-9);
    }
    let (kind, message) = bench.refusal(with(1.1)).await;
    assert_eq!(kind, WorkerErrorKind::Model);
    assert!(message.contains("1.200 times"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_model_would_find_counts_for_nothing() {
    let bench = Bench::with_four_blocks();
    let nothing = quarter_knowing(BlockSearch::default());
    let steps = bench.prune_searching(nothing).await.expect("pruned").2;
    let mut wrong = steps.into_iter().next_back().expect("a search");
    wrong.costs.pop();
    let (cut, searched) = cut_and_searched(&bench, quarter_knowing(wrong)).await;
    assert!(searched && cut.blocks_known == 0);
}
