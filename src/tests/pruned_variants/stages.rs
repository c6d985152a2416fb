//! Whoever goes, or is killed, at any stage of pruning leaves nothing.

use whittle::bench::Making;
use whittle::domain::pruning::PruningProgress;

use super::{DEPTH, is_pruning, recipe};
use crate::shop::Shop;

/// Everything that can be done to a model, so that each stage comes.
const ALL: &str = r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q4_0", "imatrix": true}}"#;

/// The stages in which something can happen, given the number of the check: the
/// first `WITH_WORKER` last while a worker is busy.
const STAGES: [fn(&Making, u32) -> bool; 7] = [
    |making, _| is_pruning(making),
    |making, check| matches!(making, Making::Checking(..)) && check == 1,
    |making, _| matches!(making, Making::Imatrix(..)),
    |making, _| matches!(making, Making::Tensors(0, _)),
    |making, check| matches!(making, Making::Checking(..)) && check == 2,
    |making, _| matches!(making, Making::Pruning(PruningProgress::Write { .. })),
    |making, _| matches!(making, Making::Hashing),
];
#[cfg(target_os = "linux")]
const WITH_WORKER: usize = 5;

/// Says of each progress whether the stage is reached.
fn watch(is_reached: fn(&Making, u32) -> bool) -> impl FnMut(&Making) -> bool {
    let (mut check, mut was_checking) = (0, false);
    move |making| {
        let is_checking = matches!(making, Making::Checking(..));
        check += u32::from(is_checking && !was_checking);
        was_checking = is_checking;
        is_reached(making, check)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_leaves_nothing_at_any_stage() {
    for is_reached in STAGES {
        let shop = Shop::new();
        let recipe = recipe(ALL);
        shop.cancel_when(&recipe, watch(is_reached)).await;
        shop.make(&recipe).await.expect("it is made afterwards");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_search_leaves_nothing() {
    let stages: [fn(&Making) -> bool; 2] = [
        |making| matches!(making, Making::Pruning(PruningProgress::Whole { .. })),
        |making| matches!(making, Making::Pruning(PruningProgress::Search { .. })),
    ];
    for is_reached in stages {
        Shop::new().cancel_when(&recipe(DEPTH), is_reached).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_nothing_at_any_stage() {
    for is_reached in &STAGES[..WITH_WORKER] {
        Shop::new()
            .kill_when(&recipe(ALL), watch(*is_reached))
            .await;
    }
}
