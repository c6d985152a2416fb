//! Searches for blocks that are ended in their middle: the steps that were made stay
//! known, and the next run goes on from there, as if they had never ended.

use std::fs;
use std::pin::Pin;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use whittle::backend::WorkerError;
use whittle::bench::{Making, Variant, VariantError};
use whittle::domain::pruning::{KnownOrder, PruningCut, PruningProgress};
use whittle::domain::recipe::Recipe;

use crate::shop::{Shop, n_in_order, record};
use crate::tiny_model::Tiny;
use crate::workers::workers_in;

/// Blocks that go, half of all: a search of many steps, each of many tries.
const N_WANTED: u32 = 4;

fn shop() -> Shop {
    Shop::with_tiny(Tiny {
        n_blocks: 2 * N_WANTED,
        ..Tiny::default()
    })
}

fn half_by_depth() -> Recipe {
    let recipe = r#"{"prune": {"ratio": 0.5, "method": "depth", "quick": true}}"#;
    serde_json::from_str(recipe).expect("a recipe")
}

fn cut(variant: &Variant) -> &PruningCut {
    let report = record(variant).pruning.as_ref();
    &report.expect("a report").cut
}

fn send(signal: Signal, worker: u32) {
    let pid = i32::try_from(worker).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), signal).expect("it gets the signal");
}

/// Waits until a step more than `n_before` is kept, and holds the worker there.
async fn hold(shop: &Shop, n_before: u32) -> u32 {
    while n_in_order(&shop.workshop.cache) <= n_before {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let workers = workers_in(shop.folder.path());
    assert_eq!(workers.len(), 1, "one that searches");
    send(Signal::STOP, workers[0]);
    workers[0]
}

type Pruning<'a> = Pin<Box<dyn Future<Output = Result<Variant, VariantError>> + 'a>>;

/// A pruning whose worker is held in the middle of its search, that worker, and how many
/// blocks have their place by then.
async fn held_in_its_middle<'a>(
    shop: &'a Shop,
    recipe: &'a Recipe,
    n_before: u32,
) -> (Pruning<'a>, u32, u32) {
    let mut pruning: Pruning<'a> = Box::pin(shop.make(recipe));
    let worker = tokio::select! {
        made = &mut pruning => panic!("it ended before a step was kept: {made:?}"),
        worker = hold(shop, n_before) => worker,
    };
    // What it had told by then is still read, and kept.
    let more = tokio::time::timeout(Duration::from_millis(500), &mut pruning);
    assert!(more.await.is_err(), "it is held");
    let n_known = n_in_order(&shop.workshop.cache);
    assert!(n_known < N_WANTED, "it was over before it was held");
    (pruning, worker, n_known)
}

/// The next run begins with what is known, and makes the file that one makes which was
/// never ended.
async fn assert_goes_on(shop: &Shop, n_known: u32) {
    assert_eq!(n_in_order(&shop.workshop.cache), n_known, "a step is lost");
    let (recipe, mut n_tries) = (half_by_depth(), 0);
    let resumed = shop.make_watched(&recipe, |making| {
        if let Making::Pruning(PruningProgress::Search { of, .. }) = making {
            n_tries = of;
        }
    });
    let resumed = resumed.await.expect("it is made");
    let left = KnownOrder {
        n_known,
        n_wanted: N_WANTED,
    };
    assert_eq!(n_tries, left.tries_left(true), "known steps are repeated");
    assert_eq!(cut(&resumed).blocks_known, n_known);

    let other = self::shop();
    let at_once = other.make(&recipe).await.expect("it is made");
    assert_eq!(cut(&at_once).blocks_known, 0);
    assert_eq!(cut(&resumed).curve, cut(&at_once).curve);
    let [resumed, at_once] = [resumed, at_once].map(|made| fs::read(made.path));
    let at_once = at_once.expect("a file");
    assert!(resumed.expect("a file") == at_once, "it is another file");
    assert_eq!(n_in_order(&shop.workshop.cache), N_WANTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_goes_on_from_where_it_was_cancelled_and_from_where_its_worker_was_killed() {
    let (shop, recipe) = (shop(), half_by_depth());
    let (pruning, _, n_known) = held_in_its_middle(&shop, &recipe, 0).await;
    drop(pruning);
    shop.workshop.launcher.reaper.all_gone().await;
    shop.assert_nothing_left();
    assert_eq!(n_in_order(&shop.workshop.cache), n_known, "a step is lost");

    let (pruning, worker, n_known) = held_in_its_middle(&shop, &recipe, n_known).await;
    send(Signal::KILL, worker);
    let error = pruning.await.expect_err("its worker is dead");
    let is_end = matches!(error, VariantError::Worker(WorkerError::Ended { .. }));
    assert!(is_end && error.to_string().contains("SIGKILL"), "{error}");
    shop.assert_nothing_left();
    assert_goes_on(&shop, n_known).await;
}
