//! Pruning that ends before its time, at stages that pass too quickly in the tiny
//! model: workers are played there. And bases that change meanwhile.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::{Value, json};
use whittle::bench::Making;
use whittle::domain::pruning::PruningProgress;

use super::{DEPTH, THEN_Q8_0, WIDTH, is_pruning, recipe};
use crate::mishaps::{SmallDisk, append, assert_full, fill};
use crate::shop::Shop;
use crate::workers::{STARTED, fake_workers};

const AUTO: &str = r#"{"prune": {"ratio": 0.5, "method": "auto"}}"#;

/// What a worker tells at each stage of its work.
fn stages() -> [Value; 6] {
    let point = json!({"removed_layer": null, "removed_share": 0.0, "perplexity": 20.0});
    [
        json!({"stage": "whole", "done": 1, "of": 4}),
        json!({"stage": "search", "done": 1, "of": 12, "point": point}),
        json!({"stage": "known"}),
        json!({"stage": "trial", "done": 0, "of": 2}),
        json!({"stage": "layer", "layer": 1, "n_layers": 2}),
        json!({"stage": "write", "tensor": 1, "n_tensors": 2}),
    ]
}

/// A worker that writes something, comes to this stage, and stays there.
fn shop_at(mut stage: Value) -> Shop {
    stage["event"] = "pruning".into();
    // The folder that it may write to comes third, after its flag.
    let script = format!(
        r#"{STARTED} read line; : > "$3/pruned.gguf"; : > "$3/scratch/weights.bin"; echo '{stage}'; read line"#
    );
    Shop::with_workers(fake_workers(&script))
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_leaves_nothing_whatever_the_worker_is_at() {
    for stage in stages() {
        shop_at(stage).cancel_when(&recipe(AUTO), |_| true).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_nothing_whatever_it_was_at() {
    for stage in stages() {
        shop_at(stage).kill_when(&recipe(AUTO), |_| true).await;
    }
}

/// Its size stays.
fn overwrite(path: &Path) {
    let mut file = File::options().write(true).open(path).expect("the model");
    file.seek(SeekFrom::End(-32)).expect("its end");
    file.write_all(&[0; 32]).expect("it is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_is_written_to_at_any_stage_is_said() {
    type Case = (&'static str, fn(&Making) -> bool, fn(&Path));
    let cases: [Case; 4] = [
        (WIDTH, is_pruning, overwrite),
        (
            DEPTH,
            |making| matches!(making, Making::Pruning(PruningProgress::Whole { .. })),
            append,
        ),
        (
            DEPTH,
            |making| matches!(making, Making::Pruning(PruningProgress::Search { .. })),
            overwrite,
        ),
        (
            THEN_Q8_0,
            |making| matches!(making, Making::Tensors(0, _)),
            append,
        ),
    ];
    for (json, is_reached, write) in cases {
        let (shop, recipe) = (Shop::new(), recipe(json));
        let mut is_written = false;
        let made = shop.make_watched(&recipe, |making| {
            if !is_written && is_reached(&making) {
                is_written = true;
                write(&shop.located.path);
            }
        });
        shop.assert_base_has_changed(made.await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_while_the_pruned_is_quantized() {
    let mut shop = Shop::new();
    let small = shop.keep_apart();
    let Some(_disk) = SmallDisk::mount(&small, 2048) else {
        return;
    };
    let filler = small.join("filler");
    let both = recipe(THEN_Q8_0);
    let made = shop.make_watched(&both, |making| {
        if matches!(making, Making::Tensors(0, _)) {
            fill(&filler);
        }
    });
    assert_full(made.await, "Q8_0 of tiny.gguf, pruned 30 %");
    assert_eq!(shop.left(), std::slice::from_ref(&filler));
}
