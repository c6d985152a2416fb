//! Every method on every kind of model that can be pruned.

use std::fs;

use whittle::domain::pruning::PruningMethod;
use whittle::domain::quantization::QuantizationType;
use whittle::gguf::check_model;

use super::{Ask, Bench, ask, distance, four_chunks};
use crate::one_worker::quantize;
use crate::pruned_files::model::Model;
use crate::tiny_model::Tiny;

/// Every method, with a ratio that it can reach on the tiny models.
const WAYS: [(PruningMethod, f64); 3] = [
    (PruningMethod::Width, 0.3),
    (PruningMethod::Depth, 0.5),
    (PruningMethod::Auto, 0.5),
];

/// Prunes a model so, by a text of the chunks that quality is measured on: it is cut to
/// the ratio, and in blocks the base was what it is as a whole.
async fn assert_pruned(bench: &Bench, what: &str, (method, ratio): (PruningMethod, f64)) {
    let asked = Ask {
        text: four_chunks(),
        ..ask(method, ratio)
    };
    let pruned = bench.prune(asked).await;
    let (cut, _) = pruned.unwrap_or_else(|error| panic!("{what} {method}: {error}"));
    assert!(
        (cut.achieved_pruning_ratio - ratio).abs() <= 0.01,
        "{what} {method}"
    );
    let n_bytes = fs::metadata(bench.target()).expect("a file").len();
    assert_eq!(cut.bytes_after, n_bytes, "{what} {method}");
    let found = bench.quality().await;
    assert!(distance(&found).is_finite(), "{what} {method}");
    if let Some(point) = cut.curve.first() {
        let whole = found.baseline.perplexity.value;
        let off = (point.perplexity / whole - 1.0).abs();
        assert!(
            off < 1e-4,
            "{what} {method}: {} and {whole}",
            point.perplexity
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_architecture_is_pruned_in_every_way() {
    for architecture in ["llama", "qwen2", "qwen3", "gemma3"] {
        let bench = Bench::of(Tiny {
            architecture,
            n_blocks: 4,
            ..Tiny::default()
        });
        for (method, ratio) in WAYS {
            // Its heads are twice as wide: the same neurons are less of its blocks.
            let ratio = match (architecture, method) {
                ("qwen3", PruningMethod::Width) => 0.32,
                _ => ratio,
            };
            assert_pruned(&bench, architecture, (method, ratio)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_llama_with_all_that_it_may_have_is_pruned_in_every_way() {
    let more = Model::of(Tiny {
        n_blocks: 4,
        ..Tiny::default()
    });
    let more = more.with_all_that_a_llama_may_have();
    let bench = Bench::of_what(|folder| {
        let model = folder.join("tiny.gguf");
        fs::copy(&more.path, &model).expect("a copy");
        model
    });
    for way in WAYS {
        assert_pruned(&bench, "more", way).await;
    }
    // Where so much goes, heads do.
    assert_pruned(&bench, "more", (PruningMethod::Width, 0.5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantized_model_loses_whole_groups_of_neurons() {
    let whole = Bench::with("llama");
    let model = whole.making().join("quantized.gguf");
    quantize(&whole.model, &model, QuantizationType::Q8_0).await;
    let bench = Bench { model, ..whole };
    for (method, ratio) in WAYS {
        let cut = bench.cut(ask(method, ratio)).await;
        assert!(
            (cut.achieved_pruning_ratio - ratio).abs() <= 0.01,
            "{method}"
        );
        let header = check_model(&bench.target()).expect("a model");
        assert_eq!(header.file_type, "Q8_0");
        assert!(distance(&bench.quality().await).is_finite());
    }
}
