//! The seed's endpoints: ask for a run and wait until it has ended.

use leptos::prelude::*;

use crate::domain::benchmark::{BenchmarkResponse, PruningResponse, QuantizationResponse};
use crate::domain::error::AppError;
use crate::domain::json::Json;
use crate::domain::run::{BaselineRequest, PruningRequest, QuantizationRequest};

/// Measures a model as it is and answers when done. Fields that are left out
/// take the defaults; a caller that hangs up does not end the run.
#[server(prefix = "/api", endpoint = "benchmark/baseline", input = Json, output = Json)]
pub async fn benchmark_baseline(
    #[server(flatten)] request: BaselineRequest,
) -> Result<BenchmarkResponse, AppError> {
    let state = expect_context::<crate::server::AppState>();
    let spec = state.spec(request.try_into()?).await?;
    let id = state.start(spec).await?.id;
    state.finished(id, BenchmarkResponse::of).await
}

/// Quantizes a model, measures both in one run and answers when done.
#[server(prefix = "/api", endpoint = "benchmark/quantization", input = Json, output = Json)]
pub async fn benchmark_quantization(
    #[server(flatten)] request: QuantizationRequest,
) -> Result<QuantizationResponse, AppError> {
    let state = expect_context::<crate::server::AppState>();
    let spec = state.spec(request.try_into()?).await?;
    let id = state.start(spec).await?.id;
    state.finished(id, QuantizationResponse::of).await
}

/// Prunes a model, measures both in one run and answers when done.
#[server(prefix = "/api", endpoint = "benchmark/pruning", input = Json, output = Json)]
pub async fn benchmark_pruning(
    #[server(flatten)] request: PruningRequest,
) -> Result<PruningResponse, AppError> {
    let state = expect_context::<crate::server::AppState>();
    let spec = state.spec(request.try_into()?).await?;
    let id = state.start(spec).await?.id;
    state.finished(id, PruningResponse::of).await
}
