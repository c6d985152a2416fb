//! Starting, following, ending and reading runs.
#![expect(
    clippy::too_many_arguments,
    reason = "they are the fields of the JSON body"
)]

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};

use crate::domain::error::AppError;
use crate::domain::run::{GenerationMode, Run, RunSummary};

/// Queues a run and answers at once; follow it at `/events/runs/{id}`.
#[server(prefix = "/api", endpoint = "runs", input = Json, output = Json)]
pub async fn start_run(
    model: Option<String>,
    test_queries: Option<Vec<String>>,
    iterations: Option<i64>,
    max_tokens: Option<i64>,
    mode: Option<GenerationMode>,
    n_threads: Option<i64>,
    mmap: Option<bool>,
    n_gpu_layers: Option<i64>,
) -> Result<Run, AppError> {
    use crate::domain::run::{RunRequest, RunSpec};

    let spec = RunSpec::try_from(RunRequest {
        model,
        test_queries,
        iterations,
        max_tokens,
        mode,
        n_threads,
        mmap,
        n_gpu_layers,
    })?;
    expect_context::<crate::server::AppState>()
        .start(spec)
        .await
}

/// Ends a run at any stage; a run that has ended already stays as it is.
#[server(prefix = "/api", endpoint = "runs/cancel", input = Json, output = Json)]
pub async fn cancel_run(id: i64) -> Result<Run, AppError> {
    expect_context::<crate::server::AppState>().cancel(id).await
}

/// Reads one run. `/api/runs/{id}` answers the same.
#[server(prefix = "/api", endpoint = "run", input = GetUrl, output = Json)]
pub async fn get_run(id: i64) -> Result<Run, AppError> {
    expect_context::<crate::server::AppState>().run(id).await
}

/// Lists runs, newest first; `before` is the id to continue after.
#[server(prefix = "/api", endpoint = "runs", input = GetUrl, output = Json)]
pub async fn list_runs(
    before: Option<i64>,
    limit: Option<u32>,
) -> Result<Vec<RunSummary>, AppError> {
    expect_context::<crate::server::AppState>()
        .runs(before, limit)
        .await
}
