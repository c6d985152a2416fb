//! A command that is killed while it makes a variant.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use whittle::bench::Workshop;

use super::Desk;
use crate::shop::{NO_FILES, files_below, n_in_order};
use crate::tiny_model::{self, Tiny};
use crate::workers::real_workers;

/// A desk with this model.
fn desk_with(tiny: Tiny) -> Desk {
    let desk = Desk::new();
    tiny_model::write_as(desk.folder.path(), "tiny.gguf", tiny);
    desk
}

/// Starts a command, and kills it once it has come so far.
fn kill_once(desk: &Desk, arguments: &[&str], mut is_reached: impl FnMut() -> bool) {
    let mut maker = desk
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("whittle runs");
    // Another test may have the machine.
    let begun = Instant::now();
    while !is_reached() {
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
}

#[test]
fn what_a_killed_maker_left_is_swept() {
    let desk = desk_with(Tiny {
        n_blocks: 4,
        n_ff: 1024,
        ..Tiny::default()
    });
    let data = desk.folder.path().join("data");
    let making = data.join("variants/making");
    // New weights have been kept: it is in the middle of it.
    let is_at_work = || {
        let files = files_below(&making);
        files
            .iter()
            .any(|path| path.ends_with("scratch/weights.bin"))
    };
    let prune = ["prune", &*desk.model, "--ratio", "0.29"];
    kill_once(&desk, &prune, is_at_work);
    assert_ne!(
        files_below(&making),
        NO_FILES,
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

/// Half of its eight blocks are to go: a search of some steps, each of many tries.
fn half_by_depth(desk: &Desk) -> [&str; 7] {
    [
        "prune",
        &desk.model,
        "--ratio",
        "0.5",
        "--method",
        "depth",
        "--quick",
    ]
}

#[test]
fn what_a_killed_maker_had_searched_for_stays_known() {
    let deep = Tiny {
        n_blocks: 8,
        ..Tiny::default()
    };
    let (killed, other) = (desk_with(deep), desk_with(deep));
    let cache = killed.folder.path().join("data/cache");
    kill_once(&killed, &half_by_depth(&killed), || n_in_order(&cache) > 0);
    let n_known = n_in_order(&cache);
    assert!(n_known < 4, "it was over before it was killed");

    let resumed = killed.json(&half_by_depth(&killed));
    let at_once = other.json(&half_by_depth(&other));
    let cut = |made: &Value| made["model"]["variant"]["pruning"]["cut"].clone();
    assert_eq!(cut(&resumed)["blocks_known"], n_known);
    assert_eq!(cut(&at_once)["blocks_known"], 0);
    assert_eq!(cut(&resumed)["curve"], cut(&at_once)["curve"]);
    let [resumed, at_once] = [resumed, at_once].map(|made| {
        let path = made["path"].as_str().expect("a path");
        fs::read(path).expect("a file")
    });
    assert!(resumed == at_once, "it is another file");
}
