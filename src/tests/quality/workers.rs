//! The worker that measures ends with whoever asked, and its end is said.

use std::fs;
use std::path::{Path, PathBuf};

use whittle::backend::WorkerLauncher;
use whittle::bench::measure_quality;
use whittle::domain::run::{Failure, FailureKind};

use super::{Models, chunks, seeded};
use crate::house::real_workers;

/// Workers that `ps` tells from those of other tests.
fn own_workers(folder: &Path) -> (WorkerLauncher, PathBuf) {
    let program = folder.join("whittle-of-this-test");
    let launcher = real_workers();
    std::os::unix::fs::symlink(&launcher.program, &program).expect("a link");
    let launcher = WorkerLauncher {
        program: program.clone(),
        ..launcher
    };
    (launcher, program)
}

fn workers_of(program: &Path) -> Vec<String> {
    let name = program.to_string_lossy();
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let is_worker = |entry: &fs::DirEntry| {
        let command = fs::read_to_string(entry.path().join("cmdline"));
        command.is_ok_and(|command| command.starts_with(&*name))
    };
    processes
        .filter(is_worker)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_future_ends_the_worker() {
    let models = Models::of(&[seeded(1), seeded(2)]);
    let (launcher, program) = own_workers(models.folder.path());
    let plan = models.plan(&launcher, chunks(1000));
    let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
    let tell = move |_| {
        // Nobody listens any more once one was heard.
        let _ = sender.send(());
    };
    tokio::select! {
        result = measure_quality(&plan, tell) => {
            panic!("it ended by itself: {:?}", result.map(|result| result.baseline));
        }
        _ = told.recv() => {}
    }
    for _ in 0..200 {
        if workers_of(&program).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the worker lives on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_half_way_is_said() {
    let models = Models::of(&[seeded(1), seeded(2)]);
    let (launcher, program) = own_workers(models.folder.path());
    let plan = models.plan(&launcher, chunks(1000));
    let kill = move |_| {
        for worker in workers_of(&program) {
            let _ = std::process::Command::new("kill")
                .args(["-KILL", &worker])
                .status();
        }
    };
    let failure = Failure::from(measure_quality(&plan, kill).await.expect_err("killed"));
    assert_eq!(failure.kind, FailureKind::WorkerCrashed);
    let message = &failure.message;
    assert!(
        message.contains("SIGKILL") && message.contains("measuring quality"),
        "{message}"
    );
}
