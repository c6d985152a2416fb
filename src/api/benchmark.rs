//! The seed's endpoint: ask for a run and wait until it has ended.

use leptos::prelude::*;

use crate::domain::benchmark::BenchmarkResponse;
use crate::domain::error::AppError;
use crate::domain::json::Json;
use crate::domain::run::RunRequest;

/// Measures a model as it is and answers when done. Fields that are left out
/// take the defaults; a caller that hangs up does not end the run.
#[server(prefix = "/api", endpoint = "benchmark/baseline", input = Json, output = Json)]
pub async fn benchmark_baseline(
    #[server(flatten)] request: RunRequest,
) -> Result<BenchmarkResponse, AppError> {
    use crate::domain::run::RunSpec;
    use crate::server::AppState;

    let spec = RunSpec::try_from(request)?;
    let state = expect_context::<AppState>();
    let id = state.start(spec).await?.id;
    state.finished_benchmark(id).await
}
