//! What users do to stored runs: name, note, delete, restore.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::error::AppError;
use crate::domain::filter::MeasuredModel;
use crate::domain::json::Json;
use crate::domain::run::{DeletedRun, Run};

/// Lists the models that stored runs have.
#[server(prefix = "/api", endpoint = "runs/models", input = GetUrl, output = Json)]
pub async fn list_measured_models() -> Result<Vec<MeasuredModel>, AppError> {
    expect_context::<crate::server::AppState>()
        .measured_models()
        .await
}

/// Hides a run that is over; it is removed for good days later.
#[server(prefix = "/api", endpoint = "runs/delete", input = Json, output = Json)]
pub async fn delete_run(id: i64) -> Result<(), AppError> {
    expect_context::<crate::server::AppState>().delete(id).await
}

/// Shows a deleted run again.
#[server(prefix = "/api", endpoint = "runs/restore", input = Json, output = Json)]
pub async fn restore_run(id: i64) -> Result<Run, AppError> {
    expect_context::<crate::server::AppState>()
        .restore(id)
        .await
}

/// Lists the deleted runs that can be restored, newest first; `before` is the id to
/// continue after.
#[server(prefix = "/api", endpoint = "runs/deleted", input = GetUrl, output = Json)]
pub async fn list_deleted_runs(
    before: Option<i64>,
    limit: Option<u32>,
) -> Result<Vec<DeletedRun>, AppError> {
    expect_context::<crate::server::AppState>()
        .deleted_runs(before, limit)
        .await
}

/// Changes a run's name and note: a field that is left out stays, an empty one
/// is removed.
#[server(prefix = "/api", endpoint = "runs/label", input = Json, output = Json)]
pub async fn label_run(
    id: i64,
    name: Option<String>,
    note: Option<String>,
) -> Result<Run, AppError> {
    let change = crate::domain::label::LabelChange::new(name, note)?;
    expect_context::<crate::server::AppState>()
        .label(id, &change)
        .await
}
