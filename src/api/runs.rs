//! Starting, following, ending and reading runs.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::error::AppError;
use crate::domain::json::Json;
use crate::domain::run::{NoiseRequest, Run, RunRequest, RunSummary};

/// Queues a run and answers at once; follow it at `/events/runs/{id}`.
#[server(prefix = "/api", endpoint = "runs", input = Json, output = Json)]
pub async fn start_run(#[server(flatten)] request: RunRequest) -> Result<Run, AppError> {
    let state = expect_context::<crate::server::AppState>();
    let spec = state.spec(request).await?;
    state.start(spec).await
}

/// Queues a run of a model against itself and answers at once: what it shows
/// there, a change of it must leave behind.
#[server(prefix = "/api", endpoint = "noise", input = Json, output = Json)]
pub async fn measure_noise(#[server(flatten)] request: NoiseRequest) -> Result<Run, AppError> {
    let state = expect_context::<crate::server::AppState>();
    state.start_noise(request.try_into()?).await
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

/// Lists runs, newest first: those of a technique, of a model and of the days `from` to `to`
/// (`YYYY-MM-DD`, UTC) if given; `before` is the id to continue after.
#[server(prefix = "/api", endpoint = "runs", input = GetUrl, output = Json)]
pub async fn list_runs(
    technique: Option<String>,
    model: Option<String>,
    from: Option<String>,
    to: Option<String>,
    before: Option<i64>,
    limit: Option<u32>,
) -> Result<Vec<RunSummary>, AppError> {
    use crate::domain::filter::{FilterRequest, RunFilter};

    let filter = RunFilter::try_from(FilterRequest {
        technique,
        model,
        from,
        to,
    })?;
    expect_context::<crate::server::AppState>()
        .runs(&filter, before, limit)
        .await
}
