//! A command that is killed while it makes a variant.

use std::process::Stdio;
use std::time::{Duration, Instant};

use whittle::bench::Workshop;

use super::Desk;
use crate::shop::{NO_FILES, files_below};
use crate::tiny_model::{self, Tiny};
use crate::workers::real_workers;

#[test]
fn what_a_killed_maker_left_is_swept() {
    let desk = Desk::new();
    let tiny = Tiny {
        n_blocks: 4,
        n_ff: 1024,
        ..Tiny::default()
    };
    tiny_model::write_as(desk.folder.path(), "tiny.gguf", tiny);
    let mut maker = desk
        .command(&["prune", &desk.model, "--ratio", "0.29"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("whittle runs");
    let data = desk.folder.path().join("data");
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
