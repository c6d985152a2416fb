//! Pruning by width: what is gone, what stays, and whoever is killed meanwhile.

use std::fs::{self, File};
use std::path::Path;

use whittle::domain::pruning::{PruningMethod, PruningProgress};
use whittle::gguf::{Document, check_model};

use super::{Bench, ask};

#[tokio::test(flavor = "multi_thread")]
async fn width_leaves_a_model_that_loads_and_says_what_is_gone() {
    let bench = Bench::with("llama");
    let (cut, told) = bench
        .prune(ask(PruningMethod::Width, 0.3))
        .await
        .expect("pruned");

    // 64 of 128 neurons in two blocks of 4 x 64 x 64 + 3 x 64 x 128 weights.
    assert_eq!(cut.block_weights_before, 2 * 40_960);
    assert_eq!(cut.block_weights_after, 2 * (40_960 - 3 * 64 * 64));
    assert!((cut.achieved_pruning_ratio - 0.3).abs() < 1e-9);
    assert_eq!(cut.calibration_tokens, 4 * 512);
    assert_eq!(
        cut.bytes_after,
        fs::metadata(bench.target()).expect("a file").len()
    );
    let neurons: Vec<(u32, u32)> = cut
        .layers
        .iter()
        .map(|l| (l.n_ff_before, l.n_ff_after))
        .collect();
    assert_eq!(neurons, [(128, 64); 2]);
    let header = check_model(&bench.target()).expect("a model");
    assert_eq!(header.n_params, cut.params_after);
    assert_eq!(header.name.as_deref(), Some("tiny, pruned 30 %"));
    assert_eq!(header.provenance.as_deref(), Some("pruned 30 % from F32"));

    assert!(matches!(
        told[0],
        PruningProgress::Layer {
            layer: 1,
            n_layers: 2
        }
    ));
    assert!(
        matches!(told.last(), Some(PruningProgress::Write { tensor, n_tensors }) if tensor == n_tensors)
    );
    let loss = bench.ln_ratio().await;
    assert!(loss.abs() < 0.2, "{loss}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pruned_file_keeps_the_order_and_the_rest_of_the_base() {
    let bench = Bench::with("llama");
    bench.cut(ask(PruningMethod::Width, 0.3)).await;
    let read = |path: &Path| {
        let file = File::open(path).expect("a file");
        let len = file.metadata().expect("its size").len();
        Document::read(file, len).expect("a model")
    };
    let (base, pruned) = (read(&bench.model), read(&bench.target()));
    let names = |document: &Document| -> Vec<String> {
        let names = document.tensors().map(|tensor| tensor.name().to_owned());
        names
            .filter(|name| !name.ends_with("ffn_down.bias"))
            .collect()
    };
    assert_eq!(names(&base), names(&pruned));
    assert_eq!(pruned.unsigned("llama.feed_forward_length"), Some(64));
    let down = pruned.tensor("blk.1.ffn_down.weight").expect("a tensor");
    assert_eq!(down.shape(), [64, 64]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_leaves_the_model_alone() {
    let bench = Bench::with("llama");
    let before = fs::read(&bench.model).expect("the model");
    let mut worker = bench.worker().await;
    let (sender, mut first) = tokio::sync::mpsc::channel(1);
    let command = bench.command(ask(PruningMethod::Width, 0.3));
    let pruning = tokio::spawn(async move {
        let asked = worker.ask(&command, "pruning", |_| {
            // Once is enough.
            let _ = sender.try_send(());
        });
        asked.await.map(drop)
    });
    first.recv().await.expect("it has begun");
    pruning.abort();
    assert!(pruning.await.is_err_and(|error| error.is_cancelled()) || bench.target().exists());
    assert_eq!(fs::read(&bench.model).expect("the model"), before);
    fs::remove_dir_all(bench.making()).expect("the folder can go");
}
