//! One run: what it is now, its end, and ending it.

use super::AppState;
use super::state::panicked;
use crate::domain::compare::Comparison;
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::noise::{Noise, NoiseKey};
use crate::domain::run::{FailureKind, Run, RunId, RunStatus};
use crate::domain::sample::ArmRequest;

impl AppState {
    /// Waits for the end of a run and answers in one of the seed's forms.
    pub(crate) async fn finished<T>(
        &self,
        id: RunId,
        form: impl Fn(&Run) -> Option<T>,
    ) -> Result<T, AppError> {
        if let Some(job) = self.parts.queue.job(id) {
            job.ended().await;
        }
        let run = self.run(id.0).await?;
        if let Some(response) = form(&run) {
            return Ok(response);
        }
        Err(match (run.status, run.failure) {
            (_, Some(failure)) => AppError::new(
                failure_code(failure.kind),
                format!("run {id} failed: {}", failure.message),
            ),
            (RunStatus::Interrupted, None) => AppError::new(
                ErrorCode::ShuttingDown,
                format!("run {id} was interrupted because Whittle shut down"),
            ),
            (status, None) => AppError::new(
                ErrorCode::Conflict,
                format!("run {id} ended as {}", status.word()),
            ),
        })
    }

    /// Ends a run.
    pub(crate) async fn cancel(&self, id: i64) -> Result<Run, AppError> {
        self.run(id).await?;
        // In a task of its own, as in `submit`.
        let queue = self.parts.queue.clone();
        let cancelling = tokio::spawn(async move { queue.cancel(RunId(id)).await });
        cancelling.await.map_err(panicked)??;
        self.run(id).await
    }

    /// One run.
    pub(crate) async fn run(&self, id: i64) -> Result<Run, AppError> {
        let id = RunId(id);
        let Some(mut run) = self.parts.store.run(id).await? else {
            return Err(self.missing(id).await);
        };
        run.queue_position = self.parts.queue.position(id);
        if let Some(failure) = self.parts.queue.lost_end(id) {
            run.status = RunStatus::Failed;
            run.failure = Some(failure);
        }
        self.judge(&mut run).await?;
        Ok(run)
    }

    /// All measured requests of a run.
    pub(crate) async fn requests(&self, id: RunId) -> Result<Vec<ArmRequest>, AppError> {
        let store = &self.parts.store;
        Ok(store.requests(id, (0, 0, 0), u32::MAX).await?)
    }

    /// Verdicts that rest on assumed noise are judged anew once the model was
    /// measured against itself.
    pub(super) async fn judge(&self, run: &mut Run) -> Result<(), AppError> {
        let comparison = run.comparison.as_ref();
        if !comparison.is_some_and(Comparison::assumes_noise) {
            return Ok(());
        }
        let noise = self.noise_of(run).await?;
        if let (Some(comparison), Some(noise)) = (&mut run.comparison, noise) {
            comparison.judge(Some(&noise));
        }
        Ok(())
    }

    /// What the model of a comparison showed against itself when it was last measured so:
    /// with the same prompts and settings, on the same machine.
    pub(crate) async fn noise_of(&self, run: &Run) -> Result<Option<Noise>, AppError> {
        match NoiseKey::of_run(run) {
            Some(key) => Ok(self.parts.store.noise(&key).await?),
            None => Ok(None),
        }
    }
}

/// What a failed run tells its caller: whose fault it was.
fn failure_code(kind: FailureKind) -> ErrorCode {
    match kind {
        FailureKind::PromptNotUsable => ErrorCode::BadRequest,
        FailureKind::ModelNotUsable | FailureKind::OutOfMemory => ErrorCode::ModelNotUsable,
        FailureKind::ModelChanged => ErrorCode::Conflict,
        FailureKind::WorkerCrashed
        | FailureKind::WorkerHung
        | FailureKind::WorkerProtocol
        | FailureKind::WorkerStart
        | FailureKind::Storage
        | FailureKind::Internal => ErrorCode::RunFailed,
    }
}
