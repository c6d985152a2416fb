//! Pruning that ends before its time, at stages that pass too quickly in the tiny
//! model: workers are played there. And bases that change meanwhile.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::sync::Notify;
use whittle::bench::{Making, VariantError};
use whittle::domain::pruning::PruningProgress;
use whittle::domain::recipe::Recipe;

use crate::faults::STARTED;
use crate::house::fake_workers;
use crate::variants::{Shop, SmallDisk};

const WIDTH: &str = r#"{"prune": {"ratio": 0.3}}"#;
const DEPTH: &str = r#"{"prune": {"ratio": 0.5, "method": "depth"}}"#;
const AUTO: &str = r#"{"prune": {"ratio": 0.5, "method": "auto"}}"#;
const THEN_Q8_0: &str = r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q8_0"}}"#;

fn recipe(json: &str) -> Recipe {
    serde_json::from_str(json).expect("a recipe")
}

/// What a worker tells at each stage of its work.
fn stages() -> [Value; 5] {
    let point = json!({"removed_layer": null, "removed_share": 0.0, "perplexity": 20.0});
    [
        json!({"stage": "whole", "done": 1, "of": 4}),
        json!({"stage": "search", "done": 1, "of": 12, "point": point}),
        json!({"stage": "trial", "done": 0, "of": 2}),
        json!({"stage": "layer", "layer": 1, "n_layers": 2}),
        json!({"stage": "write", "tensor": 1, "n_tensors": 2}),
    ]
}

/// A worker that writes something, comes to this stage, and stays there.
fn shop_at(mut stage: Value) -> Shop {
    stage["event"] = "pruning".into();
    // The folder that it may write to is its last argument.
    let script = format!(
        r#"{STARTED} read line; : > "$3/pruned.gguf"; : > "$3/scratch/weights.bin"; echo '{stage}'; read line"#
    );
    Shop::with_workers(fake_workers(&script))
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_leaves_nothing_whatever_the_worker_is_at() {
    for stage in stages() {
        let shop = shop_at(stage.clone());
        let reached = Notify::new();
        let auto = recipe(AUTO);
        let making = shop.make_watched(&auto, |_| reached.notify_one());
        tokio::select! {
            biased;
            () = reached.notified() => {}
            made = making => panic!("{stage}: it was not cancelled: {made:?}"),
        }
        shop.workshop.launcher.reaper.all_gone().await;
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from), "{stage}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_nothing_whatever_it_was_at() {
    use whittle::backend::WorkerError;

    for stage in stages() {
        let shop = shop_at(stage.clone());
        let auto = recipe(AUTO);
        let made = shop.make_watched(&auto, |_| shop.kill_workers());
        let error = made.await.expect_err("its worker is dead");
        let is_end = matches!(error, VariantError::Worker(WorkerError::Ended { .. }));
        assert!(
            is_end && error.to_string().contains("SIGKILL"),
            "{stage}: {error}"
        );
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from), "{stage}");
    }
}

/// A process that makes variants, and is killed itself.
#[cfg(target_os = "linux")]
#[test]
fn what_a_killed_maker_left_is_swept() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use whittle::bench::Workshop;

    use crate::house::real_workers;
    use crate::tiny_model::{self, Tiny};
    use crate::variants::files_below;

    let folder = tempfile::tempdir().expect("a folder");
    let tiny = Tiny {
        n_blocks: 4,
        n_ff: 1024,
        ..Tiny::default()
    };
    let model = tiny_model::write_as(folder.path(), "tiny.gguf", tiny);
    let data = folder.path().join("data");
    let mut maker = Command::new(env!("CARGO_BIN_EXE_whittle"))
        .arg("prune")
        .arg(model)
        .args(["--ratio", "0.29"])
        .env("WHITTLE_DATA", &data)
        .env("OLLAMA_HOST", "127.0.0.1:9")
        .env("OLLAMA_MODELS", folder.path().join("no-ollama"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("whittle runs");
    let making = data.join("variants/making");
    // New weights have been kept: it is in the middle of it.
    let is_at_work = || {
        let files = files_below(&making);
        files
            .iter()
            .any(|path| path.ends_with("scratch/weights.bin"))
    };
    // Another test may have the machine.
    let begun = Instant::now();
    while !is_at_work() {
        assert!(
            begun.elapsed() < Duration::from_secs(300),
            "it never begins"
        );
        let ended = maker.try_wait().expect("it can be asked");
        assert!(ended.is_none(), "it ended before it was seen: {ended:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
    maker.kill().expect("it is killed");
    maker.wait().expect("it is dead");
    assert!(
        !files_below(&making).is_empty(),
        "a killed one sweeps nothing"
    );

    let workshop = Workshop {
        launcher: real_workers(),
        variants: data.join("variants"),
        cache: data.join("cache"),
        n_threads: 1,
    };
    // Its worker ends with it, and may take a moment.
    for _ in 0..100 {
        workshop.sweep();
        if files_below(&workshop.variants).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{:?} are left", files_below(&workshop.variants));
}

fn append(path: &Path) {
    let mut file = File::options().append(true).open(path).expect("the model");
    file.write_all(&[0; 32]).expect("it is written");
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
        (
            WIDTH,
            |making| matches!(making, Making::Pruning(_)),
            overwrite,
        ),
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
    for (number, (json, is_reached, write)) in (1..).zip(cases) {
        let shop = Shop::new();
        let path = shop.located.path.clone();
        let mut is_written = false;
        let made = shop
            .make_watched(&recipe(json), |making| {
                if !is_written && is_reached(&making) {
                    is_written = true;
                    write(&path);
                }
            })
            .await;
        let error = made.expect_err("the base has changed");
        assert!(
            error.to_string().starts_with("tiny.gguf has changed"),
            "case {number}: {error}"
        );
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from), "case {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_while_the_pruned_is_quantized() {
    let mut shop = Shop::new();
    shop.workshop.variants = shop.folder.path().join("small");
    let small = shop.workshop.variants.clone();
    fs::create_dir(&small).expect("a folder");
    let Some(_disk) = SmallDisk::mount(&small, 2048) else {
        return;
    };
    let filler = small.join("filler");
    let made = shop
        .make_watched(&recipe(THEN_Q8_0), |making| {
            if matches!(making, Making::Tensors(0, _)) {
                let mut file = File::create(&filler).expect("a file");
                while file.write_all(&[0; 4096]).is_ok() {}
            }
        })
        .await;
    let error = made.expect_err("there is no room");
    let words = error.to_string();
    assert!(matches!(error, VariantError::Storage(_)), "{words}");
    assert!(
        words.starts_with("the disk is full: Q8_0 of tiny.gguf, pruned 30 % needs 0."),
        "{words}"
    );
    assert_eq!(shop.left(), std::slice::from_ref(&filler));
}
