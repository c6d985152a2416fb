//! Pruning by width: what is gone, what stays, and what a killed worker leaves.

use std::fs::{self, File};
use std::path::Path;

use whittle::domain::pruning::{PruningMethod, PruningProgress};
use whittle::gguf::{Document, check_model};

use super::{Bench, ask};
use crate::shop::{NO_FILES, files_below};

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

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_before_it_writes_leaves_no_file_but_scratch() {
    use whittle::backend::WorkerError;

    use crate::tiny_model::Tiny;
    use crate::workers::{kill, named_in, workers_in};

    // Layers that take a while.
    let bench = Bench::of(Tiny {
        n_blocks: 4,
        n_ff: 1024,
        ..Tiny::default()
    });
    let folder = bench.folder.path().to_path_buf();
    let launcher = named_in(&folder, bench.launcher.clone());
    let bench = Bench { launcher, ..bench };
    let mut worker = bench.worker().await;
    let command = bench.command(ask(PruningMethod::Width, 0.29));
    let asked = worker.ask(&command, "pruning", |_| {
        workers_in(&folder).into_iter().for_each(kill);
    });
    let error = asked.await.expect_err("it is dead");
    let is_end = matches!(error, WorkerError::Ended { .. });
    assert!(is_end && error.to_string().contains("SIGKILL"), "{error}");
    let mut left = files_below(&bench.making());
    left.retain(|file| !file.starts_with(bench.making().join("scratch")));
    assert_eq!(left, NO_FILES);
}
