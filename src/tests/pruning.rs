//! Pruning by real workers, on tiny models.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use whittle::backend::{Grant, WorkerError, WorkerLauncher, WorkerProcess};
use whittle::bench::{QualityPlan, QualityResult, measure_quality};
use whittle::domain::loss_budget::LossBudget;
use whittle::domain::protocol::{
    NeuronScore, PruneCommand, WorkerCommand, WorkerErrorKind, WorkerEvent, Yardstick,
};
use whittle::domain::pruned_labels::Origin;
use whittle::domain::pruning::{
    CurvePoint, Prune, PruningCut, PruningMethod, PruningProgress, PruningRatio,
};
use whittle::domain::quantization::QuantizationType;
use whittle::gguf::{Document, check_model};

use crate::one_worker::{quantize, start, writing};
use crate::tiny_model::{self, Tiny};
use crate::workers::real_workers;

const TEXT: &str = include_str!("../evaluate/evaluation.txt");

/// Every method, with a ratio that it can reach on the tiny models.
const WAYS: [(PruningMethod, f64); 3] = [
    (PruningMethod::Width, 0.3),
    (PruningMethod::Depth, 0.5),
    (PruningMethod::Auto, 0.5),
];

/// A model, and where a pruned one is made.
struct Bench {
    folder: TempDir,
    model: PathBuf,
    launcher: WorkerLauncher,
}

/// What is asked for.
struct Ask {
    method: PruningMethod,
    ratio: f64,
    text: String,
    n_chunks: u32,
    yardstick: Option<Yardstick>,
    loss_budget: Option<f64>,
    searched: Vec<CurvePoint>,
}

fn ask(method: PruningMethod, ratio: f64) -> Ask {
    Ask {
        method,
        ratio,
        text: TEXT.to_owned(),
        n_chunks: 4,
        yardstick: None,
        loss_budget: None,
        searched: Vec::new(),
    }
}

/// A text of the first four chunks of the evaluation text, and no fifth: a token is a
/// character here.
fn four_chunks() -> String {
    TEXT.chars().take(4 * 512 + 100).collect()
}

impl Bench {
    fn with(architecture: &'static str) -> Self {
        Self::of(Tiny {
            architecture,
            ..Tiny::default()
        })
    }

    fn of(tiny: Tiny) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let model = tiny_model::write_as(folder.path(), "tiny.gguf", tiny);
        let making = folder.path().join("making");
        fs::create_dir_all(making.join("scratch")).expect("a folder");
        Self {
            folder,
            model,
            launcher: real_workers(),
        }
    }

    fn making(&self) -> PathBuf {
        self.folder.path().join("making")
    }

    fn target(&self) -> PathBuf {
        self.making().join("pruned.gguf")
    }

    async fn worker(&self) -> WorkerProcess {
        let grant = Grant {
            memory_bytes: self.launcher.memory_bytes,
            ..writing(&self.model, &self.making())
        };
        start(&self.launcher, grant).await
    }

    fn command(&self, ask: Ask) -> WorkerCommand {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let command = PruneCommand {
            source: Grant::model_path(&self.model),
            target: text(&self.target()),
            scratch: text(&self.making().join("scratch")),
            prune: Prune {
                loss_budget: ask
                    .loss_budget
                    .map(|ratio| LossBudget::try_from(ratio).expect("a budget")),
                ..Prune::new(
                    ask.method,
                    PruningRatio::try_from(ask.ratio).expect("a ratio"),
                )
            },
            searched: ask.searched,
            text: ask.text,
            n_ctx: 512,
            n_chunks: ask.n_chunks,
            n_threads: 1,
            origin: Origin {
                name: "tiny".to_owned(),
                kind: "F32".to_owned(),
                sha256: String::new(),
            },
        };
        match ask.yardstick {
            None => WorkerCommand::Prune(command),
            Some(yardstick) => WorkerCommand::PruneByYardstick {
                prune: command,
                yardstick,
            },
        }
    }

    async fn prune(&self, ask: Ask) -> Result<(PruningCut, Vec<PruningProgress>), WorkerError> {
        let mut told = Vec::new();
        let mut worker = self.worker().await;
        let command = self.command(ask);
        let answer = worker.ask(&command, "pruning", |event| {
            if let WorkerEvent::Pruning(progress) = event {
                told.push(*progress);
            }
        });
        match answer.await? {
            WorkerEvent::Pruned(cut) => Ok((*cut, told)),
            other => panic!("{other:?}"),
        }
    }

    /// The model as Q8_0.
    async fn quantized(&self) -> PathBuf {
        let target = self.making().join("quantized.gguf");
        quantize(&self.model, &target, QuantizationType::Q8_0).await;
        target
    }

    /// Why it is refused; nothing is left then.
    async fn refusal(&self, ask: Ask) -> (WorkerErrorKind, String) {
        let refused = self.prune(ask).await.expect_err("it is refused");
        assert!(!self.target().exists(), "a file is left");
        match refused {
            WorkerError::Refused { kind, message, .. } => (kind, message),
            other => panic!("{other:?}"),
        }
    }

    /// The pruned model beside its base on the built-in text.
    async fn quality(&self) -> QualityResult {
        let base = File::open(&self.model).expect("the base");
        let pruned = File::open(self.target()).expect("the pruned model");
        let plan = QualityPlan {
            launcher: &self.launcher,
            baseline: (&base, self.model.clone()),
            variants: vec![(&pruned, self.target())],
            text: None,
            n_chunks: 4,
            n_threads: 1,
            prompts: vec!["hello".to_owned()],
            max_tokens: 4,
            memory_bytes: None,
        };
        measure_quality(&plan, |_| ()).await.expect("figures")
    }

    /// ln(perplexity / the base's) of the pruned model, which answers.
    async fn ln_ratio(&self) -> f64 {
        let found = self.quality().await;
        let (quality, answers) = &found.variants[0];
        assert_eq!(answers.len(), 1);
        let quality = quality
            .value()
            .unwrap_or_else(|| panic!("{:?}", quality.reason()));
        quality.ln_perplexity_ratio.value
    }
}

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
async fn what_is_refitted_loses_less_than_what_others_leave() {
    let bench = Bench::with("llama");
    bench
        .prune(ask(PruningMethod::Width, 0.45))
        .await
        .expect("pruned");
    let own = distance(&bench.quality().await);
    for score in [NeuronScore::Norm, NeuronScore::WandaSp, NeuronScore::Flap] {
        let ask = Ask {
            yardstick: Some(Yardstick::Neurons(score)),
            ..ask(PruningMethod::Width, 0.45)
        };
        bench.prune(ask).await.expect("pruned");
        let theirs = distance(&bench.quality().await);
        assert!(own < theirs, "{score:?}: {own} is not below {theirs}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_more_blocks_begins_as_one_for_fewer() {
    let bench = Bench::of(Tiny {
        n_blocks: 4,
        ..Tiny::default()
    });
    let (more, _) = bench
        .prune(ask(PruningMethod::Depth, 0.5))
        .await
        .expect("pruned");
    let (fewer, _) = bench
        .prune(ask(PruningMethod::Depth, 0.25))
        .await
        .expect("pruned");
    assert_eq!(more.curve[..2], fewer.curve);
    let again = Ask {
        searched: more.curve,
        ..ask(PruningMethod::Depth, 0.25)
    };
    let (known, told) = bench.prune(again).await.expect("pruned");
    assert_eq!(known.layers, fewer.layers);
    assert_eq!(known.curve, fewer.curve);
    let searched = |progress: &PruningProgress| matches!(progress, PruningProgress::Search { .. });
    assert!(!told.iter().any(searched), "it is not repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_of_blocks_is_refitted_too() {
    let bench = Bench::of(Tiny {
        n_blocks: 4,
        ..Tiny::default()
    });
    let (own, _) = bench
        .prune(ask(PruningMethod::Depth, 0.5))
        .await
        .expect("pruned");
    let own_distance = distance(&bench.quality().await);
    let ask = Ask {
        yardstick: Some(Yardstick::Blocks),
        ..ask(PruningMethod::Depth, 0.5)
    };
    let (theirs, _) = bench.prune(ask).await.expect("pruned");
    assert_eq!(own.layers, theirs.layers, "the same blocks go");
    let their_distance = distance(&bench.quality().await);
    assert!(
        own_distance < their_distance,
        "{own_distance} is not below {their_distance}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_where_the_budget_does() {
    let bench = Bench::of(Tiny {
        n_blocks: 4,
        ..Tiny::default()
    });
    let (whole, _) = bench
        .prune(ask(PruningMethod::Depth, 0.5))
        .await
        .expect("pruned");
    let lost = |n: usize| whole.curve[n].perplexity / whole.curve[0].perplexity;
    let with = |loss_budget| Ask {
        loss_budget: Some(loss_budget),
        ..ask(PruningMethod::Depth, 0.5)
    };
    let (cut, _) = bench.prune(with(10.0)).await.expect("pruned");
    assert_eq!(cut.curve.len(), 3, "nothing costs so much");
    // Random weights may even gain: then no budget can end the search.
    if lost(2) > 1.01 && lost(2) > lost(1) {
        let (cut, _) = bench
            .prune(with(lost(2).midpoint(lost(1).max(1.01))))
            .await
            .expect("pruned");
        assert_eq!(cut.curve.len(), 2);
        assert!((cut.achieved_pruning_ratio - 0.25).abs() < 1e-9);
    }
    let refused = Ask {
        method: PruningMethod::Width,
        ..with(1.5)
    };
    let (kind, message) = bench.refusal(refused).await;
    assert_eq!(kind, WorkerErrorKind::Model);
    assert!(message.contains("prune by depth"), "{message}");
}

/// The mean divergence from the base: random weights know no better perplexity.
fn distance(found: &QualityResult) -> f64 {
    found.variants[0].0.value().expect("figures").mean_kld.value
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_one_by_one_compute_what_the_whole_model_does() {
    let bench = Bench::with("llama");
    let (cut, _) = bench
        .prune(Ask {
            text: four_chunks(),
            ..ask(PruningMethod::Depth, 0.5)
        })
        .await
        .expect("pruned");
    let found = bench.quality().await;
    // The same four chunks, read by the same model in two ways.
    let whole = found.baseline.perplexity.value;
    let in_blocks = cut.curve[0].perplexity;
    assert!(
        (in_blocks / whole - 1.0).abs() < 1e-4,
        "{in_blocks} and {whole}"
    );

    assert_eq!(cut.curve.len(), 2);
    let removed = cut.curve[1].removed_layer.expect("a block is gone");
    assert!((cut.curve[1].removed_share - 0.5).abs() < 1e-9);
    let left: Vec<u64> = cut.layers.iter().map(|layer| layer.weights_after).collect();
    let mut right = [40_960; 2];
    right[removed as usize] = 0;
    assert_eq!(left, right);
    assert_eq!(
        cut.bytes_after,
        fs::metadata(bench.target()).expect("a file").len()
    );
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
            let asked = Ask {
                text: four_chunks(),
                ..ask(method, ratio)
            };
            let pruned = bench.prune(asked).await;
            let (cut, _) =
                pruned.unwrap_or_else(|error| panic!("{architecture} {method}: {error}"));
            assert!(
                (cut.achieved_pruning_ratio - ratio).abs() <= 0.01,
                "{architecture} {method}"
            );
            let n_bytes = fs::metadata(bench.target()).expect("a file").len();
            assert_eq!(cut.bytes_after, n_bytes, "{architecture} {method}");
            let found = bench.quality().await;
            assert!(distance(&found).is_finite(), "{architecture} {method}");
            if let Some(point) = cut.curve.first() {
                let whole = found.baseline.perplexity.value;
                let off = (point.perplexity / whole - 1.0).abs();
                assert!(
                    off < 1e-4,
                    "{architecture} {method}: {} and {whole}",
                    point.perplexity
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantized_model_loses_whole_groups_of_neurons() {
    let whole = Bench::with("llama");
    let quantized = whole.quantized().await;
    let bench = Bench {
        model: quantized,
        ..whole
    };
    for (method, ratio) in WAYS {
        let (cut, _) = bench.prune(ask(method, ratio)).await.expect("pruned");
        assert!(
            (cut.achieved_pruning_ratio - ratio).abs() <= 0.01,
            "{method}"
        );
        let header = check_model(&bench.target()).expect("a model");
        assert_eq!(header.file_type, "Q8_0");
        assert!(distance(&bench.quality().await).is_finite());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_are_told_in_their_order_and_trials_are_no_search() {
    let bench = Bench::of(Tiny {
        n_blocks: 4,
        ..Tiny::default()
    });
    let (_, told) = bench
        .prune(ask(PruningMethod::Auto, 0.5))
        .await
        .expect("pruned");
    let stage = |progress: &PruningProgress| match progress {
        PruningProgress::Whole { .. } => 0,
        PruningProgress::Search { .. } => 1,
        PruningProgress::Trial { .. } => 2,
        PruningProgress::Layer { .. } => 3,
        PruningProgress::Write { .. } => 4,
    };
    let stages: Vec<u32> = told.iter().map(stage).collect();
    assert!(stages.is_sorted() && stages.contains(&0), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_says_one_thing_only_is_enough_to_go_on() {
    // All inputs of a layer are alike: its covariance is singular.
    let bench = Bench::with("llama");
    let ask = Ask {
        text: "e".repeat(4 * 512),
        ..ask(PruningMethod::Width, 0.3)
    };
    let (cut, _) = bench.prune(ask).await.expect("pruned");
    let said = cut.caution().is_some();
    assert_eq!(said, !cut.singular_layers.is_empty());
    assert!(bench.ln_ratio().await.is_finite());
}

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

#[tokio::test(flavor = "multi_thread")]
async fn the_pruned_file_keeps_the_order_and_the_rest_of_the_base() {
    let bench = Bench::with("llama");
    bench
        .prune(ask(PruningMethod::Width, 0.3))
        .await
        .expect("pruned");
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
