//! The seed's endpoint: ask for a run and wait until it has ended.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::domain::benchmark::BenchmarkResponse;
use crate::domain::error::AppError;
use crate::domain::run::GenerationMode;

/// Measures a model as it is and answers when done. Fields that are left out
/// take the defaults; a caller that hangs up does not end the run.
#[server(prefix = "/api", endpoint = "benchmark/baseline", input = Json, output = Json)]
pub async fn benchmark_baseline(
    test_queries: Option<Vec<String>>,
    model: Option<String>,
    iterations: Option<i64>,
    max_tokens: Option<i64>,
    mode: Option<GenerationMode>,
) -> Result<BenchmarkResponse, AppError> {
    use crate::domain::run::{RunRequest, RunSpec};
    use crate::server::AppState;

    let spec = RunSpec::try_from(RunRequest {
        model,
        test_queries,
        iterations,
        max_tokens,
        mode,
        ..RunRequest::default()
    })?;
    let state = expect_context::<AppState>();
    let id = state.start(spec).await?.id;
    state.finished_benchmark(id).await
}
