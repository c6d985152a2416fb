//! The memory that a worker takes: no more than is forecast, and what is more than it may
//! take is refused.

use std::fs;

use whittle::backend::WorkerLauncher;
use whittle::domain::protocol::{WorkerErrorKind, WorkerEvent};
use whittle::domain::pruning::PruningMethod;
use whittle::domain::pruning_memory::{LayerNeeds, SearchNeeds};

use super::{Bench, ask};
use crate::tiny_model::Tiny;
use crate::workers::{named_in, real_workers, workers_in};

/// The same, whose worker may take so much.
fn limited(bench: Bench, memory_bytes: u64) -> Bench {
    Bench {
        launcher: WorkerLauncher {
            memory_bytes: Some(memory_bytes),
            ..real_workers()
        },
        ..bench
    }
}

/// The most memory that a worker had, bytes, once it has pruned.
async fn peak_bytes(bench: &Bench, (method, ratio): (PruningMethod, f64)) -> u64 {
    let mut worker = bench.worker().await;
    let command = bench.command(ask(method, ratio));
    let answer = worker.ask(&command, "pruning", |_| ()).await;
    let Ok(WorkerEvent::Pruned(cut)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(cut.not_refitted, None);
    let pid = workers_in(bench.folder.path())[0];
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it is up");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|kib| kib.trim().strip_suffix(" kB"));
    1024 * peak.and_then(|kib| kib.parse::<u64>().ok()).expect("KiB")
}

/// What is forecast is not far from what is taken, and a byte less is refused.
async fn assert_forecast(bench: Bench, way: (PruningMethod, f64), bytes: u64) {
    let launcher = named_in(bench.folder.path(), real_workers());
    let bench = Bench { launcher, ..bench };
    let peak = peak_bytes(&bench, way).await;
    assert!(peak <= bytes, "{way:?}: {peak} of {bytes}");
    assert!(peak > bytes / 3, "{way:?}: {peak} of {bytes}");
    fs::remove_file(bench.target()).expect("the file");
    let (kind, message) = limited(bench, bytes - 1).refusal(ask(way.0, way.1)).await;
    assert_eq!(kind, WorkerErrorKind::Memory, "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_take_no_more_than_is_forecast() {
    // So wide that the moments of its neurons count for more than what there is to spare.
    let wide = Tiny {
        n_ff: 4096,
        ..Tiny::default()
    };
    let needs = LayerNeeds {
        n_tokens: 4096,
        n_ff: 4096,
        n_embd: 64,
        n_heads: 64,
        block_bytes: 4 * (4 * 64 * 64 + 3 * 64 * 4096 + 2 * 64),
    };
    let way = (PruningMethod::Width, 0.29);
    assert_forecast(Bench::of(wide), way, needs.bytes()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_takes_no_more_than_is_forecast() {
    let bench = Bench::of(Tiny {
        n_blocks: 16,
        ..Tiny::default()
    });
    let needs = SearchNeeds {
        file_bytes: bench.model.metadata().expect("the model").len(),
        n_blocks: 16,
        n_ff: 128,
        n_embd: 64,
        n_vocab: 300,
        n_ctx: 512,
        n_tokens: 2048,
    };
    let way = (PruningMethod::Depth, 0.25);
    assert_forecast(bench, way, needs.bytes()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_memory_is_refused_with_the_figures() {
    let bench = limited(Bench::with("llama"), 100 << 20);
    for (method, ratio) in [(PruningMethod::Width, 0.3), (PruningMethod::Depth, 0.5)] {
        let (kind, message) = bench.refusal(ask(method, ratio)).await;
        assert_eq!(kind, WorkerErrorKind::Memory, "{message}");
        assert!(message.contains("104.9 MB may be used"), "{message}");
    }
}
