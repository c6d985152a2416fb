//! Writing runs: what is announced is stored first.

use serde::Serialize;

use super::insert::{add_event, add_launch, add_request, add_result};
use super::{Ending, Store, StoreError};
use crate::domain::event::{RunEvent, Sequenced};
use crate::domain::model::Model;
use crate::domain::run::{RunId, RunSpec, RunStatus, Technique};
use crate::domain::sample::{LaunchSample, RequestSample};

/// The process that runs a run. A process id alone may be given to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// When the process started, by a clock that nobody sets; only compared.
    pub start: String,
}

/// A raw measurement of the arm at a position.
#[derive(Debug, Clone, Copy)]
pub enum Raw<'a> {
    /// A request.
    Request(u32, &'a RequestSample),
    /// A launch.
    Launch(u32, &'a LaunchSample),
}

impl Store {
    /// Writes a new run as `queued`.
    pub async fn create_run(
        &self,
        technique: Technique,
        model: &Model,
        spec: &RunSpec,
        owner: Owner,
    ) -> Result<RunId, StoreError> {
        let id = sqlx::query_scalar(
            "INSERT INTO runs (technique, status, model_id, model_json, spec_json, owner_pid, owner_start)
             VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(word(&technique)?)
        .bind(word(&RunStatus::Queued)?)
        .bind(&model.id.0)
        .bind(serde_json::to_string(model)?)
        .bind(serde_json::to_string(spec)?)
        .bind(i64::from(owner.pid))
        .bind(owner.start)
        .fetch_one(&self.pool)
        .await?;
        Ok(RunId(id))
    }

    /// Writes that a run is being measured.
    pub async fn mark_running(&self, id: RunId) -> Result<(), StoreError> {
        sqlx::query("UPDATE runs SET status = ? WHERE id = ?")
            .bind(word(&RunStatus::Running)?)
            .bind(id.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Writes an event and the measurement that it tells of, both or neither.
    pub async fn record(
        &self,
        id: RunId,
        event: Option<&Sequenced>,
        raw: Option<Raw<'_>>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        match raw {
            Some(Raw::Request(arm, sample)) => {
                add_request(&mut transaction, id, arm, sample).await?;
            }
            Some(Raw::Launch(arm, launch)) => add_launch(&mut transaction, id, arm, launch).await?,
            None => {}
        }
        if let Some(event) = event {
            add_event(&mut transaction, id, event).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes the end of a run and its last event, all or nothing.
    pub async fn finish(
        &self,
        id: RunId,
        ending: &Ending,
        event: &Sequenced,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        if let Ending::Done(finished) = ending {
            add_result(&mut transaction, id, finished).await?;
        }
        let failure = match ending {
            Ending::Failed(failure) => Some(serde_json::to_string(failure)?),
            _ => None,
        };
        sqlx::query(
            "UPDATE runs SET status = ?, failure_json = ?, finished_at_s = unixepoch() WHERE id = ?",
        )
        .bind(word(&ending.status())?)
        .bind(failure)
        .bind(id.0)
        .execute(&mut *transaction)
        .await?;
        add_event(&mut transaction, id, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Marks the unfinished runs whose process is gone as interrupted, and
    /// says which.
    pub async fn interrupt_orphans(
        &self,
        is_alive: impl Fn(&Owner) -> bool,
    ) -> Result<Vec<RunId>, StoreError> {
        let unfinished: Vec<(i64, i64, String, i64)> = sqlx::query_as(
            "SELECT id, owner_pid, owner_start,
                    (SELECT coalesce(max(seq), 0) FROM events WHERE run_id = runs.id)
             FROM runs WHERE status IN ('queued', 'running')",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut interrupted = Vec::new();
        for (id, pid, start, last_seq) in unfinished {
            let owner = Owner {
                pid: u32::try_from(pid).unwrap_or(0),
                start,
            };
            if is_alive(&owner) {
                continue;
            }
            let event = Sequenced {
                seq: last_seq.cast_unsigned() + 1,
                event: RunEvent::Interrupted,
            };
            self.finish(RunId(id), &Ending::Interrupted, &event).await?;
            interrupted.push(RunId(id));
        }
        Ok(interrupted)
    }
}

/// The word that serde writes for a plain enum, without quotes.
pub(super) fn word(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?.trim_matches('"').to_owned())
}
