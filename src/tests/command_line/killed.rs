//! A command that is killed, or asked to end, while it makes a variant.

use std::fs;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
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
fn kill_once(desk: &Desk, arguments: &[&str], is_reached: impl FnMut() -> bool) {
    let output = end_once(desk, arguments, Signal::KILL, is_reached);
    assert!(!output.status.success(), "{output:?}");
}

/// Starts a command, and sends it a signal once it has come so far.
fn end_once(
    desk: &Desk,
    arguments: &[&str],
    signal: Signal,
    mut is_reached: impl FnMut() -> bool,
) -> Output {
    let mut maker = desk
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
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
    let pid = i32::try_from(maker.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), signal).expect("it gets the signal");
    maker.wait_with_output().expect("it ends")
}

/// A desk with a model that takes a while to prune, where that is made, and whether new
/// weights have been kept: it is in the middle of it.
fn busy_desk() -> (Desk, PathBuf, impl Fn() -> bool) {
    let desk = desk_with(Tiny {
        n_blocks: 4,
        n_ff: 1024,
        ..Tiny::default()
    });
    let making = desk.folder.path().join("data/variants/making");
    let own = making.clone();
    let is_at_work = move || {
        let files = files_below(&own);
        files
            .iter()
            .any(|path| path.ends_with("scratch/weights.bin"))
    };
    (desk, making, is_at_work)
}

#[test]
fn a_maker_that_is_asked_to_end_leaves_nothing_and_says_so() {
    let (desk, _, is_at_work) = busy_desk();
    let prune = ["prune", &*desk.model, "--ratio", "0.29"];
    for signal in [Signal::INT, Signal::TERM] {
        let output = end_once(&desk, &prune, signal, &is_at_work);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("nothing is left of it"), "{said}");
        let data = desk.folder.path().join("data");
        for folder in ["variants", "cache/making"] {
            assert_eq!(files_below(&data.join(folder)), NO_FILES);
        }
    }
}

#[test]
fn what_a_killed_maker_left_is_swept() {
    let (desk, making, is_at_work) = busy_desk();
    let prune = ["prune", &*desk.model, "--ratio", "0.29"];
    kill_once(&desk, &prune, is_at_work);
    assert_ne!(
        files_below(&making),
        NO_FILES,
        "a killed one sweeps nothing"
    );

    let data = desk.folder.path().join("data");
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
