//! Whatever goes wrong while a model is pruned leaves nothing, and is said.

use std::fs::File;
use std::path::Path;

use serde_json::{Value, json};
use whittle::bench::{Making, VariantError};

use super::{WIDTH, is_pruning, recipe};
use crate::mishaps::{SmallDisk, append, assert_full, fill};
use crate::shop::Shop;
use crate::workers::{STARTED, fake_workers};

/// What a worker that a script plays says when it is done.
fn pruned_event() -> Value {
    json!({
        "event": "pruned", "achieved_pruning_ratio": 0.3, "block_weights_before": 10,
        "block_weights_after": 7, "params_before": 20, "params_after": 17, "bytes_before": 40,
        "bytes_after": 34, "layers": [], "calibration_tokens": 512, "curve": [], "prune_s": 1.0,
    })
}

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

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_does_not_work_is_deleted_with_the_reason() {
    let cut = pruned_event();
    let failed = json!({
        "event": "failed", "kind": "model", "message": "variant 1: its logits are not finite",
    });
    // The folder that it may write to is its last argument.
    let script = format!(
        r#"{STARTED} read line; case "$line" in *'"command":"prune"'*) : > "$3/pruned.gguf"; echo '{cut}';; *) echo '{failed}';; esac; read line"#
    );
    let shop = Shop::with_workers(fake_workers(&script));
    let error = shop.make(&recipe(WIDTH)).await.expect_err("it is broken");
    let words = error.to_string();
    assert!(matches!(error, VariantError::Refused(_)), "{words}");
    assert!(
        words.contains("its logits are not finite") && words.contains("its file was deleted"),
        "{words}"
    );
    shop.assert_nothing_left();
}
