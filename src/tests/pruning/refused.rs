//! What a worker refuses to prune, with the reason.

use std::fs;

use whittle::domain::not_refitted::NotRefitted;
use whittle::domain::protocol::WorkerErrorKind;
use whittle::domain::pruning::PruningMethod;

use super::{Ask, Bench, TEXT, ask};
use crate::tiny_model::Tiny;

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
async fn a_text_with_fewer_tokens_than_a_layer_has_neurons_is_refused() {
    let bench = Bench::of(Tiny {
        n_ff: 1024,
        ..Tiny::default()
    });
    for method in [PruningMethod::Width, PruningMethod::Auto] {
        let short = Ask {
            text: TEXT.chars().take(600).collect(),
            ..ask(method, 0.29)
        };
        let (kind, message) = bench.refusal(short).await;
        assert_eq!(kind, WorkerErrorKind::Text);
        assert!(
            message.contains("512 are read") && message.contains("1024 neurons"),
            "{message}"
        );
    }
    // By depth it is enough to search on, and what stays is left as it is.
    let short = Ask {
        text: TEXT.chars().take(600).collect(),
        ..ask(PruningMethod::Depth, 0.5)
    };
    let not_refitted = bench.cut(short).await.not_refitted;
    assert_eq!(not_refitted, Some(NotRefitted::Text));
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
