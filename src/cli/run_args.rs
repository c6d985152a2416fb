//! What a run on the command line is asked with, whatever it measures.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::DataDir;
use super::prompts::PromptArgs;
use crate::bench::Conduct;
use crate::domain::run::{GenerationMode, RunRequest};
use crate::library::{DataFolder, Located};
use crate::server::AppState;

/// How long finding a model may take without a word.
const SILENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A library id, or the path of a .gguf file.
    model: String,
    #[command(flatten)]
    prompts: PromptArgs,
    /// Fresh launches [default: 3].
    #[arg(long)]
    iterations: Option<i64>,
    /// Tokens to generate for each prompt [default: 128].
    #[arg(long)]
    max_tokens: Option<i64>,
    /// Threads [default: the physical cores].
    #[arg(long)]
    threads: Option<i64>,
    /// End at the end of sequence, as a chat would.
    #[arg(long)]
    natural_stop: bool,
    /// Map the file instead of reading it.
    #[arg(long)]
    mmap: bool,
    /// Layers to put on a GPU [default: 0].
    #[arg(long)]
    gpu_layers: Option<i64>,
    /// Context length, tokens [default: 2048].
    #[arg(long)]
    ctx: Option<i64>,
    /// Logical batch, tokens [default: 2048].
    #[arg(long)]
    batch: Option<i64>,
    /// Physical batch, tokens [default: 512].
    #[arg(long)]
    ubatch: Option<i64>,
    /// Thrown-away rounds at the start of every launch [default: 1].
    #[arg(long)]
    warm_ups: Option<i64>,
    /// Print the run as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Measure without gauges and progress: what is left to compare with when
    /// their cost is measured.
    #[arg(long, hide = true)]
    no_gauges: bool,
    #[command(flatten)]
    data: DataDir,
}

impl RunArgs {
    /// Opens the data folder.
    pub(super) async fn open(&self) -> anyhow::Result<AppState> {
        let path = self.data.data_dir.clone();
        let data = DataFolder::open(&path.unwrap_or_else(DataFolder::default_path))?;
        crate::server::open_state(&data).await
    }

    /// The request for a run of the model alone.
    pub(super) async fn request(&self, state: &AppState) -> anyhow::Result<RunRequest> {
        Ok(RunRequest {
            test_queries: self.prompts.prompts(state).await?,
            iterations: self.iterations,
            max_tokens: self.max_tokens,
            mode: self.natural_stop.then_some(GenerationMode::NaturalStop),
            n_threads: self.threads,
            mmap: Some(self.mmap),
            n_gpu_layers: self.gpu_layers,
            n_ctx: self.ctx,
            n_batch: self.batch,
            n_ubatch: self.ubatch,
            warm_ups: self.warm_ups,
            ..RunRequest::default()
        })
    }

    /// How it is carried out.
    pub(super) fn conduct(&self) -> Conduct {
        Conduct {
            watched: !self.no_gauges,
            ..Conduct::default()
        }
    }

    /// The model.
    pub(super) async fn locate(&self, state: &AppState) -> anyhow::Result<Located> {
        locate(state, self.model.clone()).await
    }
}

/// A path wins over an id: it names one file and nothing else.
pub(super) async fn locate(state: &AppState, model: String) -> anyhow::Result<Located> {
    let path = PathBuf::from(&model);
    if path.is_file() || model.contains('/') {
        let named = format!("{model} cannot be measured");
        let located = said_if_slow(&model, state.locate_path(path)).await;
        return located.context(named);
    }
    Ok(said_if_slow(&model, state.locate_id(model.clone())).await?)
}

/// A file is read whole at first sight, and that waits for the machine: on a
/// terminal and in a pipe alike, silence would look like a fault.
async fn said_if_slow<T>(model: &str, locating: impl Future<Output = T>) -> T {
    let mut locating = std::pin::pin!(locating);
    if let Ok(located) = tokio::time::timeout(SILENCE, &mut locating).await {
        return located;
    }
    eprintln!(
        "reading {model} for the first time, once the machine is not busy with another measurement"
    );
    locating.await
}
