//! An upcast that is ended: by whoever asked for it, with its worker, or for want of room.

use whittle::bench::Making;

use super::{THEN_Q4_0, UPCAST, is_pruning, is_upcasting, quantized_shop, recipe};
use crate::mishaps::{SmallDisk, assert_full, fill};

fn is_checking(making: &Making) -> bool {
    matches!(making, Making::Checking(..))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_or_is_killed_leaves_nothing_of_an_upcast() {
    let shop = quantized_shop().await;
    let then = recipe(THEN_Q4_0);
    for is_reached in [is_upcasting, is_pruning, is_checking] {
        shop.cancel_when(&then, is_reached).await;
        #[cfg(target_os = "linux")]
        shop.kill_when(&then, is_reached).await;
    }
    shop.make(&then).await.expect("it is made afterwards");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_is_asked_for_the_upcast_too() {
    let mut shop = quantized_shop().await;
    let small = shop.keep_apart();
    let upcast = recipe(UPCAST);
    // Enough for the file and its new weights, but not for what it is pruned from.
    if let Some(_disk) = SmallDisk::mount(&small, 640) {
        let mut told = Vec::new();
        let made = shop.make_watched(&upcast, |making| told.push(making));
        assert_full(made.await, "tiny.gguf, pruned 30 % (from an F16 upcast),");
        assert!(told.is_empty(), "it is said before: {told:?}");
        shop.assert_nothing_left();
    }
    if let Some(_disk) = SmallDisk::mount(&small, 2048) {
        let filler = small.join("filler");
        let made = shop.make_watched(&upcast, |making| {
            if is_upcasting(&making) && !filler.exists() {
                fill(&filler);
            }
        });
        assert_full(made.await, "F16 of tiny.gguf");
        assert_eq!(shop.left(), std::slice::from_ref(&filler));
    }
}
