//! Writing runs: what is announced is stored first.

use serde::Serialize;
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, noise};
use crate::domain::benchmark::ArmResult;
use crate::domain::compare::Comparison;
use crate::domain::environment::Environment;
use crate::domain::event::{RunEvent, Sequenced};
use crate::domain::model::Model;
use crate::domain::noise::{Noise, NoiseKey};
use crate::domain::run::{Failure, RunId, RunSpec, RunStatus, Technique};
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

/// What is kept of a run that was measured.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The figures, one for each arm, the baseline first.
    pub arms: Vec<ArmResult>,
    /// What the variants change.
    pub comparison: Option<Comparison>,
    /// What the model shows against itself, if that was measured.
    pub noise: Option<(NoiseKey, Noise)>,
    /// What the figures were measured on.
    pub environment: Environment,
}

/// How a run ended, with what is kept of it.
#[derive(Debug, Clone)]
pub enum Ending {
    /// Measured.
    Done(Box<Finished>),
    /// Failed.
    Failed(Failure),
    /// Ended by the user.
    Cancelled,
    /// Ended because its process ends.
    Interrupted,
}

impl Ending {
    /// The status that goes with it.
    pub fn status(&self) -> RunStatus {
        match self {
            Self::Done(_) => RunStatus::Done,
            Self::Failed(_) => RunStatus::Failed,
            Self::Cancelled => RunStatus::Cancelled,
            Self::Interrupted => RunStatus::Interrupted,
        }
    }

    /// The event that goes with it.
    pub fn event(&self) -> RunEvent {
        match self {
            Self::Done(_) => RunEvent::Done,
            Self::Failed(failure) => RunEvent::Failed {
                failure: failure.clone(),
            },
            Self::Cancelled => RunEvent::Cancelled,
            Self::Interrupted => RunEvent::Interrupted,
        }
    }
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

async fn add_request(
    transaction: &mut Transaction<'_, Sqlite>,
    id: RunId,
    arm: u32,
    sample: &RequestSample,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO samples (run_id, arm_position, iteration, prompt, response_time_s, generation_json)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(id.0)
    .bind(arm)
    .bind(sample.iteration)
    .bind(sample.prompt)
    .bind(sample.generation.response_time_s)
    .bind(serde_json::to_string(&sample.generation)?)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn add_launch(
    transaction: &mut Transaction<'_, Sqlite>,
    id: RunId,
    arm: u32,
    launch: &LaunchSample,
) -> Result<(), StoreError> {
    let elapsed_s = launch.prefill.elapsed_s;
    let speed = (elapsed_s > 0.0).then(|| f64::from(launch.prefill.n_tokens) / elapsed_s);
    sqlx::query(
        "INSERT INTO launches (run_id, arm_position, iteration, load_s, prefill_tokens_per_second, launch_json)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(id.0)
    .bind(arm)
    .bind(launch.iteration)
    .bind(launch.load_s)
    .bind(speed)
    .bind(serde_json::to_string(launch)?)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn add_event(
    transaction: &mut Transaction<'_, Sqlite>,
    id: RunId,
    event: &Sequenced,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO events (run_id, seq, event_json) VALUES (?, ?, ?)")
        .bind(id.0)
        .bind(event.seq.cast_signed())
        .bind(serde_json::to_string(event)?)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn add_result(
    transaction: &mut Transaction<'_, Sqlite>,
    id: RunId,
    finished: &Finished,
) -> Result<(), StoreError> {
    for (position, arm) in (0_i64..).zip(&finished.arms) {
        add_arm(transaction, id, position, arm).await?;
    }
    if let Some(comparison) = &finished.comparison {
        sqlx::query("UPDATE runs SET comparison_json = ? WHERE id = ?")
            .bind(serde_json::to_string(comparison)?)
            .bind(id.0)
            .execute(&mut **transaction)
            .await?;
    }
    if let Some((key, measured)) = &finished.noise {
        noise::keep(transaction, id, key, measured).await?;
    }
    sqlx::query("INSERT INTO environments (run_id, environment_json) VALUES (?, ?)")
        .bind(id.0)
        .bind(serde_json::to_string(&finished.environment)?)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn add_arm(
    transaction: &mut Transaction<'_, Sqlite>,
    id: RunId,
    position: i64,
    arm: &ArmResult,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO arms (run_id, position, result_json, tokens_per_second, response_time_s, memory_usage_mb, is_unstable)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.0)
    .bind(position)
    .bind(serde_json::to_string(arm)?)
    .bind(arm.tokens_per_second.mean())
    .bind(arm.response_time_s.mean())
    .bind(arm.memory.value().map(|memory| memory.peak_mb.mean))
    .bind(!arm.unstable.is_empty())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// The word that serde writes for a plain enum, without quotes.
pub(super) fn word(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?.trim_matches('"').to_owned())
}
