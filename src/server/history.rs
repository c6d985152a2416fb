//! What the server does with stored runs: list, name, delete, restore, remove.

use std::time::Duration;

use super::AppState;
use crate::domain::defaults::DELETED_KEPT_DAYS;
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::filter::{MeasuredModel, RunFilter};
use crate::domain::label::LabelChange;
use crate::domain::run::{DeletedRun, Run, RunId, RunSummary};
use crate::store::Deletion;

/// Runs of a page of the list, at most.
pub(super) const MAX_PAGE: u32 = 200;
/// How often deleted runs are looked through.
const REMOVAL_INTERVAL: Duration = Duration::from_secs(60 * 60);

impl AppState {
    /// A page of the runs that pass the filter, newest first.
    pub(crate) async fn runs(
        &self,
        filter: &RunFilter,
        before: Option<i64>,
        limit: Option<u32>,
    ) -> Result<Vec<RunSummary>, AppError> {
        let before = before.map(RunId);
        Ok(self.store().runs(filter, before, page(limit)).await?)
    }

    /// The models that a filter can name.
    pub(crate) async fn measured_models(&self) -> Result<Vec<MeasuredModel>, AppError> {
        Ok(self.store().measured_models().await?)
    }

    /// A page of the deleted runs that can be restored, newest first.
    pub(crate) async fn deleted_runs(
        &self,
        before: Option<i64>,
        limit: Option<u32>,
    ) -> Result<Vec<DeletedRun>, AppError> {
        let before = before.map(RunId);
        Ok(self.store().deleted_runs(before, page(limit)).await?)
    }

    /// Hides a run that is over.
    pub(crate) async fn delete(&self, id: i64) -> Result<(), AppError> {
        let id = RunId(id);
        match self.store().delete_run(id).await? {
            Deletion::Deleted => Ok(()),
            Deletion::Unfinished => Err(AppError::new(
                ErrorCode::Conflict,
                format!("run {id} has not ended; cancel it first, then delete it"),
            )),
            Deletion::Unknown => Err(unknown(id)),
        }
    }

    /// Shows a deleted run again.
    pub(crate) async fn restore(&self, id: i64) -> Result<Run, AppError> {
        if !self.store().restore_run(RunId(id)).await? {
            return Err(unknown(RunId(id)));
        }
        self.run(id).await
    }

    /// Changes a run's name and note.
    pub(crate) async fn label(&self, id: i64, change: &LabelChange) -> Result<Run, AppError> {
        self.store().label_run(RunId(id), change).await?;
        self.run(id).await
    }

    /// Why a run is not there.
    pub(super) async fn missing(&self, id: RunId) -> AppError {
        match self.store().is_deleted(id).await {
            Ok(Some(true)) => AppError::new(
                ErrorCode::Deleted,
                format!(
                    "run {id} was deleted; it can be restored until it is removed for good, \
                     {DELETED_KEPT_DAYS} days after that"
                ),
            ),
            Ok(_) => unknown(id),
            Err(error) => error.into(),
        }
    }
}

/// Removes what was deleted long enough ago, and the texts that only it named, at the start and from time to
/// time; not while a run of this server waits or is measured. Ends with the
/// queue.
pub(super) async fn remove_deleted(state: AppState) {
    let ending = state.queue().shut_down_done();
    let work = async {
        loop {
            let queue = state.queue();
            if queue.active().is_empty() && queue.in_background().is_none() {
                match state.store().remove_deleted().await {
                    Ok(0) => {}
                    Ok(n_runs) => tracing::info!(n_runs, "deleted runs were removed for good"),
                    Err(error) => tracing::warn!(%error, "deleted runs could not be removed"),
                }
                sweep_texts(&state).await;
            }
            tokio::time::sleep(REMOVAL_INTERVAL).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = ending.cancelled() => {}
    }
}

/// Removes the texts for quality that no run names any more.
async fn sweep_texts(state: &AppState) {
    let swept = async {
        let named = state.store().named_texts().await?;
        state
            .blocking(move |library| library.texts().sweep(&named))
            .await
    };
    match swept.await {
        Ok(0) => {}
        Ok(n_texts) => tracing::info!(n_texts, "texts that no run names were removed"),
        Err(error) => tracing::warn!(%error, "texts that no run names could not be removed"),
    }
}

/// How many runs a page of a list has.
fn page(limit: Option<u32>) -> u32 {
    limit.unwrap_or(50).clamp(1, MAX_PAGE)
}

fn unknown(id: RunId) -> AppError {
    AppError::new(
        ErrorCode::NotFound,
        format!("there is no run {id}; GET /api/runs lists the runs"),
    )
}
