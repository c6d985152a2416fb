//! What a run on the command line is asked with, whatever it measures.

use clap::Args;

use super::DataDir;
use super::prompts::PromptArgs;
use super::{flags, model};
use crate::bench::Conduct;
use crate::domain::run::{GenerationMode, RunProblem, RunRequest, RunSpec};
use crate::library::Located;
use crate::server::AppState;

// A number below 0 is refused with the range, as any other: not as a flag that there is not.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A library id, or the path of a .gguf file.
    model: String,
    #[command(flatten)]
    prompts: PromptArgs,
    /// Fresh launches [default: 3].
    #[arg(long, allow_negative_numbers = true)]
    iterations: Option<i64>,
    /// Tokens to generate for each prompt [default: 128].
    #[arg(long, allow_negative_numbers = true)]
    max_tokens: Option<i64>,
    /// Threads [default: the physical cores].
    #[arg(long, allow_negative_numbers = true)]
    threads: Option<i64>,
    /// End at the end of sequence, as a chat would.
    #[arg(long)]
    natural_stop: bool,
    /// Map the file instead of reading it.
    #[arg(long)]
    mmap: bool,
    /// Layers to put on a GPU [default: 0].
    #[arg(long, allow_negative_numbers = true)]
    gpu_layers: Option<i64>,
    /// Context length, tokens [default: 2048].
    #[arg(long, allow_negative_numbers = true)]
    ctx: Option<i64>,
    /// Logical batch, tokens [default: 2048].
    #[arg(long, allow_negative_numbers = true)]
    batch: Option<i64>,
    /// Physical batch, tokens [default: 512].
    #[arg(long, allow_negative_numbers = true)]
    ubatch: Option<i64>,
    /// Thrown-away rounds at the start of every launch [default: 1].
    #[arg(long, allow_negative_numbers = true)]
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
        crate::server::open_state(&self.data.open()?).await
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

    /// Checks a request that was made of it.
    pub(super) fn checked(&self, request: RunRequest) -> anyhow::Result<RunSpec> {
        flags::checked(request, self.prompts.flag())
    }

    /// What is wrong with a request that was made of it.
    pub(super) fn refusal(&self, problem: &RunProblem) -> anyhow::Error {
        flags::refusal(problem, self.prompts.flag())
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
        model::locate(state, &self.data, &self.model).await
    }
}
