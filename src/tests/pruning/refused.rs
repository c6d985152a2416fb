//! What a worker refuses to prune, with the reason.

use std::fs;

#[cfg(target_os = "linux")]
use whittle::backend::WorkerLauncher;
use whittle::domain::protocol::WorkerErrorKind;
use whittle::domain::pruning::PruningMethod;

use super::{Ask, Bench, TEXT, ask};
#[cfg(target_os = "linux")]
use crate::workers::real_workers;

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused_with_the_figures() {
    let bench = Bench::with("llama");
    let short = Ask {
        text: TEXT.chars().take(600).collect(),
        n_chunks: 1,
        ..ask(PruningMethod::Width, 0.3)
    };
    let fine = bench.prune(short).await;
    assert!(
        fine.is_ok(),
        "512 tokens are enough for 128 neurons: {fine:?}"
    );
    fs::remove_file(bench.target()).expect("the file");

    let short = Ask {
        text: "Too short a text.".to_owned(),
        ..ask(PruningMethod::Width, 0.3)
    };
    let (kind, message) = bench.refusal(short).await;
    assert_eq!(kind, WorkerErrorKind::Text);
    assert!(
        message.contains("0 are read") && message.contains("128 neurons"),
        "{message}"
    );

    let (kind, message) = bench.refusal(ask(PruningMethod::Width, 0.1)).await;
    assert_eq!(kind, WorkerErrorKind::Model);
    assert!(message.contains("15.0 %"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_architectures_are_refused_with_the_reason() {
    let bench = Bench::with("phi3");
    let (kind, message) = bench.refusal(ask(PruningMethod::Width, 0.3)).await;
    assert_eq!(kind, WorkerErrorKind::Model);
    assert!(
        message.contains("phi3") && message.contains("Quantize"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn what_does_not_fit_into_memory_is_refused_with_the_figures() {
    let bench = Bench {
        launcher: WorkerLauncher {
            memory_bytes: Some(100 << 20),
            ..real_workers()
        },
        ..Bench::with("llama")
    };
    for (method, ratio) in [(PruningMethod::Width, 0.3), (PruningMethod::Depth, 0.5)] {
        let (kind, message) = bench.refusal(ask(method, ratio)).await;
        assert_eq!(kind, WorkerErrorKind::Memory, "{message}");
        assert!(message.contains("104.9 MB may be used"), "{message}");
    }
}
