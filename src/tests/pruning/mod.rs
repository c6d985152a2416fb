//! Pruning by real workers, on tiny models.

mod auto;
mod depth;
mod heads;
#[cfg(target_os = "linux")]
mod interrupted;
mod kinds;
mod known;
#[cfg(target_os = "linux")]
mod memory;
mod refit;
mod refused;
mod width;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use whittle::backend::{Grant, WorkerError, WorkerLauncher, WorkerProcess};
use whittle::bench::{QualityPlan, QualityResult, measure_quality};
use whittle::domain::loss_budget::LossBudget;
use whittle::domain::protocol::{
    PruneCommand, WorkerCommand, WorkerErrorKind, WorkerEvent, Yardstick,
};
use whittle::domain::pruned_labels::Origin;
use whittle::domain::pruning::{
    BlockSearch, Prune, PruningCut, PruningMethod, PruningProgress, PruningRatio,
};

use crate::contrived;
use crate::one_worker::{start, writing};
use crate::tiny_model::{self, Tiny};
use crate::workers::real_workers;

/// What models are calibrated on: another text than quality is measured on.
const TEXT: &str = include_str!("../../evaluate/calibration.txt");
const EVALUATION_TEXT: &str = include_str!("../../evaluate/evaluation.txt");

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
    searched: BlockSearch,
}

fn ask(method: PruningMethod, ratio: f64) -> Ask {
    Ask {
        method,
        ratio,
        text: TEXT.to_owned(),
        n_chunks: 4,
        yardstick: None,
        loss_budget: None,
        searched: BlockSearch::default(),
    }
}

/// A text of the first four chunks of the evaluation text, and no fifth: a token is a
/// character here.
fn four_chunks() -> String {
    EVALUATION_TEXT.chars().take(4 * 512 + 100).collect()
}

impl Bench {
    fn with(architecture: &'static str) -> Self {
        Self::of(Tiny::of(architecture))
    }

    fn with_four_blocks() -> Self {
        Self::of(Tiny {
            n_blocks: 4,
            ..Tiny::default()
        })
    }

    /// Of a model that loses much without half of its blocks.
    fn of_needed_blocks(n_blocks: u32) -> Self {
        Self::of_what(|folder| contrived::write(folder, "tiny.gguf", n_blocks))
    }

    fn of(tiny: Tiny) -> Self {
        Self::of_what(|folder| tiny_model::write_as(folder, "tiny.gguf", tiny))
    }

    fn of_what(write: impl FnOnce(&Path) -> PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let model = write(folder.path());
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

    /// What is gone, and what was told meanwhile.
    async fn prune(&self, ask: Ask) -> Result<(PruningCut, Vec<PruningProgress>), WorkerError> {
        let (cut, told, _) = self.prune_searching(ask).await?;
        Ok((cut, told))
    }

    /// The same, and what was told of a search, step by step.
    async fn prune_searching(
        &self,
        ask: Ask,
    ) -> Result<(PruningCut, Vec<PruningProgress>, Vec<BlockSearch>), WorkerError> {
        let (mut told, mut searches) = (Vec::new(), Vec::new());
        let mut worker = self.worker().await;
        let command = self.command(ask);
        let answer = worker.ask(&command, "pruning", |event| match event {
            WorkerEvent::Pruning(progress) => told.push(*progress),
            WorkerEvent::Searched(search) => searches.push(search.clone()),
            _ => (),
        });
        match answer.await? {
            WorkerEvent::Pruned(cut) => Ok((*cut, told, searches)),
            other => panic!("{other:?}"),
        }
    }

    /// What is gone.
    async fn cut(&self, ask: Ask) -> PruningCut {
        self.prune(ask).await.expect("pruned").0
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

/// The mean divergence from the base: random weights know no better perplexity.
fn distance(found: &QualityResult) -> f64 {
    found.variants[0].0.value().expect("figures").mean_kld.value
}
