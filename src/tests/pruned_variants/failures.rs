//! Whatever goes wrong while a model is pruned leaves nothing, and is said.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use whittle::backend::WorkerLauncher;
use whittle::bench::{Making, VariantError};
use whittle::domain::pruning::PruningProgress;
#[cfg(target_os = "linux")]
use whittle::domain::run::{Failure, FailureKind};

use super::{THEN_Q8_0, WIDTH, is_pruning, recipe};
use crate::mishaps::{SmallDisk, append, assert_full, fill};
use crate::shop::{NO_FILES, Shop, files_below};
use crate::tiny_model::Tiny;
#[cfg(target_os = "linux")]
use crate::workers::real_workers;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_before_and_while_pruning() {
    let mut shop = Shop::new();
    let small = shop.keep_apart();
    let width = recipe(WIDTH);
    let what = "tiny.gguf, pruned 30 %,";
    // No room at all; and room for the file, but not for the new weights that lie
    // beside it meanwhile.
    for kilobytes in [64, 640] {
        if let Some(_disk) = SmallDisk::mount(&small, kilobytes) {
            assert_full(shop.make(&width).await, what);
            shop.assert_nothing_left();
        }
    }
    if let Some(_disk) = SmallDisk::mount(&small, 2048) {
        let filler = small.join("filler");
        let made = shop.make_watched(&width, |making| {
            if is_pruning(&making) && !filler.exists() {
                fill(&filler);
            }
        });
        assert_full(made.await, what);
        assert_eq!(shop.left(), std::slice::from_ref(&filler));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_while_new_weights_are_kept() {
    // Layers that take a while: it is told of each in time.
    let mut shop = Shop::with_tiny(Tiny {
        n_blocks: 4,
        n_ff: 1024,
        ..Tiny::default()
    });
    let small = shop.keep_apart();
    let Some(_disk) = SmallDisk::mount(&small, 16_384) else {
        return;
    };
    let filler = small.join("filler");
    let (mut n_kept, mut was_written) = (0, false);
    let width = recipe(r#"{"prune": {"ratio": 0.29}}"#);
    let made = shop.make_watched(&width, |making| match making {
        Making::Pruning(PruningProgress::Layer { layer: 2.., .. }) if !filler.exists() => {
            let weights = |file: &PathBuf| file.ends_with("scratch/weights.bin");
            let kept = files_below(&small).into_iter().find(weights);
            n_kept = kept.map_or(0, |kept| fs::metadata(kept).expect("weights").len());
            fill(&filler);
        }
        Making::Pruning(PruningProgress::Write { .. }) => was_written = true,
        _ => {}
    });
    let error = made.await.expect_err("there is no room");
    let words = error.to_string();
    assert!(matches!(error, VariantError::Storage(_)), "{words}");
    let begins = "the disk is full: tiny.gguf, pruned 29 %, needs ";
    assert!(words.starts_with(begins), "{words}");
    assert!(n_kept > 0, "those of the first layer were kept");
    assert!(!was_written, "it came to the new file");
    assert_eq!(shop.left(), std::slice::from_ref(&filler));
}

/// The check writes nothing; what comes after it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_while_the_pruned_is_checked_leaves_nothing_and_is_said() {
    let mut shop = Shop::new();
    let small = shop.keep_apart();
    for json in [WIDTH, THEN_Q8_0] {
        let Some(_disk) = SmallDisk::mount(&small, 2048) else {
            return;
        };
        let filler = small.join("filler");
        let recipe = recipe(json);
        // Of what is kept in the end, where there are two checks.
        let mut is_last = recipe.quantize.is_none();
        let made = shop.make_watched(&recipe, |making| {
            is_last |= matches!(making, Making::Tensors(..));
            if is_last && matches!(making, Making::Checking(..)) && !filler.exists() {
                fill(&filler);
            }
        });
        let error = made.await.expect_err("there is no room");
        let words = error.to_string();
        assert!(matches!(error, VariantError::Storage(_)), "{words}");
        assert!(words.starts_with("the disk is full: "), "{words}");
        assert!(
            words.contains("delete variants on the Models page"),
            "{words}"
        );
        assert_eq!(shop.left(), std::slice::from_ref(&filler));
        fs::remove_file(&filler).expect("the filler");
        shop.make(&recipe)
            .await
            .expect("it is made once there is room");
    }
    assert_eq!(shop.left(), NO_FILES, "the small disks are gone");
}

/// Prunes a model that is changed each time a stage is reached: that is said.
async fn assert_change_is_seen(
    is_reached: fn(&Making) -> bool,
    mut change: impl FnMut(&Path) + Send,
) {
    let (shop, width) = (Shop::new(), recipe(WIDTH));
    let made = shop.make_watched(&width, |making| {
        if is_reached(&making) {
            change(&shop.located.path);
        }
    });
    shop.assert_base_has_changed(made.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_has_changed_is_said() {
    let before = Shop::new();
    append(&before.located.path);
    before.assert_base_has_changed(before.make(&recipe(WIDTH)).await);

    assert_change_is_seen(|making| matches!(making, Making::Checking(0, _)), append).await;
    let mut is_first = true;
    let append_once = |path: &Path| {
        if std::mem::take(&mut is_first) {
            append(path);
        }
    };
    assert_change_is_seen(is_pruning, append_once).await;
    // What is no longer there is no fault of the model.
    let cut = |path: &Path| {
        let file = File::options().write(true).open(path).expect("the model");
        file.set_len(100_000).expect("it is cut off");
    };
    assert_change_is_seen(is_pruning, cut).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_maker_that_needs_more_memory_than_it_may_take_is_said_to() {
    let shop = Shop::with_workers(WorkerLauncher {
        memory_bytes: Some(100 << 20),
        ..real_workers()
    });
    let error = shop.make(&recipe(WIDTH)).await.expect_err("it cannot fit");
    let VariantError::Worker(error) = error else {
        panic!("{error}");
    };
    let failure = Failure::from(error);
    assert_eq!(failure.kind, FailureKind::OutOfMemory, "{failure:?}");
    shop.assert_nothing_left();
}
