//! A worker that waits for its turn leaves the processor to the other.

use std::fs;
use std::time::Duration;

use whittle::backend::{Grant, WorkerProcess};
use whittle::domain::protocol::{LoadCommand, WorkerCommand, WorkerEvent};
use whittle::domain::run::GenerationMode;

use crate::one_worker::{load, reading, start};
use crate::tiny_model;
use crate::workers::real_workers;

/// CPU time of all threads of a process, ns.
fn cpu_ns(pid: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("the process");
    let of_thread = |thread: fs::DirEntry| {
        let stat = fs::read_to_string(thread.path().join("schedstat")).expect("its times");
        let first = stat.split_whitespace().next().map(str::to_owned);
        first
            .and_then(|ns| ns.parse::<u64>().ok())
            .expect("a number")
    };
    threads.flatten().map(of_thread).sum()
}

/// A worker that has loaded the tiny model, and the folder where that lies.
async fn worker_with_model(n_threads: u32) -> (WorkerProcess, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let mut worker = start(&real_workers(), reading(&model)).await;
    let load = WorkerCommand::Load(LoadCommand {
        n_ctx: 2048,
        n_batch: 2048,
        n_ubatch: 512,
        n_threads,
        ..load(Grant::model_path(&model))
    });
    let loaded = worker.ask(&load, "loading", |_| ()).await;
    assert!(matches!(loaded, Ok(WorkerEvent::Loaded(_))), "{loaded:?}");
    (worker, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_worker_uses_no_processor() {
    // More than one thread, so that some wait for the others.
    let (mut worker, _folder) = worker_with_model(2).await;
    let generate = WorkerCommand::Generate {
        prompt: "hello".to_owned(),
        max_tokens: 64,
        mode: GenerationMode::FixedLength,
        progress: false,
        slowdown: 0.0,
        turn_tokens: None,
    };
    let generated = worker.ask(&generate, "generating", |_| ()).await;
    assert!(
        matches!(generated, Ok(WorkerEvent::Generated(_))),
        "{generated:?}"
    );
    // As long as an arm is waited for at least.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let before = cpu_ns(worker.pid());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let used_ms = (cpu_ns(worker.pid()) - before) as f64 / 1e6;
    assert!(used_ms < 5.0, "it used {used_ms} ms of 500");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slowdown_reaches_every_token() {
    let (mut worker, _folder) = worker_with_model(1).await;
    let mut shortest_ns = [0; 2];
    // A thousand times the token's own time, found again as ten times: what
    // disturbs a test changes a time by far less.
    for (slowdown, shortest) in [0.0, 1000.0].into_iter().zip(&mut shortest_ns) {
        let generate = WorkerCommand::Generate {
            prompt: "hello".to_owned(),
            max_tokens: 8,
            mode: GenerationMode::FixedLength,
            progress: false,
            slowdown,
            turn_tokens: None,
        };
        match worker.ask(&generate, "generating", |_| ()).await {
            Ok(WorkerEvent::Generated(made)) => {
                *shortest = made.token_gaps_ns.into_iter().min().expect("gaps");
            }
            other => panic!("{other:?}"),
        }
    }
    let [own_ns, slowed_ns] = shortest_ns;
    assert!(slowed_ns > 10 * own_ns, "{own_ns} ns, then {slowed_ns} ns");
    worker.stop().await;
}
