//! Reading runs and events. A deleted run is not there.

use sqlx::FromRow;

use super::{Store, StoreError};
use crate::domain::benchmark::ArmResult;
use crate::domain::environment::Environment;
use crate::domain::estimate::{SpeedBasis, SpeedSource};
use crate::domain::event::Sequenced;
use crate::domain::model::ModelId;
use crate::domain::run::{Run, RunId};

/// A run's row; times are formatted by SQLite.
#[derive(FromRow)]
struct RunRow {
    id: i64,
    name: Option<String>,
    note: Option<String>,
    technique: String,
    status: String,
    model_json: String,
    spec_json: String,
    created_at: String,
    finished_at: Option<String>,
    failure_json: Option<String>,
    comparison_json: Option<String>,
    environment_json: Option<String>,
}

impl Store {
    /// Reads one run; its place in the queue is not known here.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = sqlx::query_as(
            "SELECT runs.id, name, note, technique, status, model_json, spec_json, failure_json, comparison_json, environment_json,
                    strftime('%Y-%m-%dT%H:%M:%SZ', created_at_s, 'unixepoch') AS created_at,
                    strftime('%Y-%m-%dT%H:%M:%SZ', finished_at_s, 'unixepoch') AS finished_at
             FROM runs LEFT JOIN environments ON run_id = runs.id
             WHERE runs.id = ? AND deleted_at_s IS NULL",
        )
        .bind(id.0)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let arms: Vec<String> =
            sqlx::query_scalar("SELECT result_json FROM arms WHERE run_id = ? ORDER BY position")
                .bind(id.0)
                .fetch_all(&self.pool)
                .await?;
        Ok(Some(assemble(row, &arms)?))
    }

    /// The latest ended run of each model and technique, newest first, at most
    /// `limit`. One that measured noise is no result that anybody asked for.
    pub async fn latest_by_model(&self, limit: u32) -> Result<Vec<Run>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT max(id) AS latest FROM runs
             WHERE status NOT IN ('queued', 'running') AND deleted_at_s IS NULL
               AND technique <> 'noise'
             GROUP BY model_id, technique ORDER BY latest DESC LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let mut runs = Vec::with_capacity(ids.len());
        for id in ids {
            runs.extend(self.run(RunId(id)).await?);
        }
        Ok(runs)
    }

    /// The events of a run after number `after`, in order.
    pub async fn events_after(&self, id: RunId, after: u64) -> Result<Vec<Sequenced>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT event_json FROM events WHERE run_id = ? AND seq > ? ORDER BY seq",
        )
        .bind(id.0)
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| Ok(serde_json::from_str(row)?))
            .collect()
    }

    /// What the latest measured run of a model says of its speed. One that something
    /// disturbed says nothing of the next; one during which it was not measured what other
    /// programs did counts only where there is no other.
    pub async fn speed(&self, model: &ModelId) -> Result<Option<SpeedBasis>, StoreError> {
        match self.speed_from(model, SpeedSource::UndisturbedRun).await? {
            Some(known) => Ok(Some(known)),
            None => self.speed_from(model, SpeedSource::Run).await,
        }
    }

    async fn speed_from(
        &self,
        model: &ModelId,
        source: SpeedSource,
    ) -> Result<Option<SpeedBasis>, StoreError> {
        let row: Option<(f64, f64, f64)> = sqlx::query_as(
            "SELECT avg(load_s), avg(prefill_tokens_per_second), tokens_per_second
             FROM launches JOIN arms ON arms.run_id = launches.run_id AND position = arm_position
             WHERE position = 0 AND launches.run_id = (SELECT id FROM runs
                             WHERE model_id = ? AND status = 'done' AND deleted_at_s IS NULL
                               AND NOT EXISTS (SELECT 1 FROM arms
                                   WHERE run_id = runs.id AND is_unstable)
                               AND ? = EXISTS (SELECT 1 FROM launches
                                   WHERE run_id = runs.id AND arm_position = 0
                                     AND launch_json ->> 'machine_cpu_percent' IS NOT NULL)
                             ORDER BY id DESC LIMIT 1)
               AND tokens_per_second > 0
             GROUP BY launches.run_id HAVING avg(prefill_tokens_per_second) > 0",
        )
        .bind(&model.0)
        .bind(source == SpeedSource::UndisturbedRun)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(
            |(load_s, prompt_tokens_per_second, tokens_per_second)| SpeedBasis {
                load_s,
                prompt_tokens_per_second,
                tokens_per_second,
                source,
            },
        ))
    }
}

fn assemble(row: RunRow, arms: &[String]) -> Result<Run, StoreError> {
    let arms: Result<Vec<ArmResult>, _> =
        arms.iter().map(|arm| serde_json::from_str(arm)).collect();
    let environment: Option<Environment> = optional(row.environment_json.as_deref())?;
    Ok(Run {
        id: RunId(row.id),
        name: row.name,
        technique: from_word(&row.technique)?,
        status: from_word(&row.status)?,
        spec: serde_json::from_str(&row.spec_json)?,
        model: serde_json::from_str(&row.model_json)?,
        created_at: row.created_at,
        finished_at: row.finished_at,
        queue_position: None,
        arms: arms?,
        environment,
        comparison: optional(row.comparison_json.as_deref())?,
        failure: optional(row.failure_json.as_deref())?,
        note: row.note,
    })
}

fn optional<T: serde::de::DeserializeOwned>(json: Option<&str>) -> Result<Option<T>, StoreError> {
    Ok(json.map(serde_json::from_str).transpose()?)
}

pub(super) fn from_word<T: serde::de::DeserializeOwned>(word: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::from(word))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A measured run of two arms; the second is disturbed or not. What
    /// other programs did was measured, or was not.
    async fn add_run(
        store: &Store,
        tokens_per_second: f64,
        is_unstable: bool,
        machine_cpu_percent: Option<f64>,
    ) {
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO runs (technique, status, model_id, model_json, spec_json, owner_pid)
             VALUES ('quantization', 'done', 'm', '{}', '{}', 0) RETURNING id",
        )
        .fetch_one(&store.pool)
        .await
        .expect("a run");
        for (position, is_unstable) in [(0, false), (1, is_unstable)] {
            sqlx::query(
                "INSERT INTO arms (run_id, position, result_json, tokens_per_second, is_unstable)
                 VALUES (?, ?, '{}', ?, ?)",
            )
            .bind(id)
            .bind(position)
            .bind(tokens_per_second)
            .bind(is_unstable)
            .execute(&store.pool)
            .await
            .expect("an arm");
            sqlx::query(
                "INSERT INTO launches (run_id, arm_position, iteration, load_s,
                                       prefill_tokens_per_second, launch_json)
                 VALUES (?, ?, 1, 0.5, 600, json_object('machine_cpu_percent', ?))",
            )
            .bind(id)
            .bind(position)
            .bind(machine_cpu_percent)
            .execute(&store.pool)
            .await
            .expect("a launch");
        }
    }

    #[tokio::test]
    async fn a_disturbed_run_says_nothing_of_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("whittle.db"))
            .await
            .expect("a history");
        let model = ModelId("m".to_owned());
        let speed = async || {
            let basis = store.speed(&model).await.expect("an answer");
            basis.map(|basis| (basis.tokens_per_second, basis.source))
        };
        let quiet = Some(99.0);
        add_run(&store, 3.0, true, quiet).await;
        assert_eq!(speed().await, None, "a guess is better");
        add_run(&store, 50.0, false, None).await;
        add_run(&store, 5.0, true, None).await;
        let short = Some((50.0, SpeedSource::Run));
        assert_eq!(speed().await, short, "nobody watched the others");
        add_run(&store, 100.0, false, quiet).await;
        add_run(&store, 4.0, true, quiet).await;
        let undisturbed = |speed| Some((speed, SpeedSource::UndisturbedRun));
        assert_eq!(speed().await, undisturbed(100.0));
        add_run(&store, 60.0, false, None).await;
        assert_eq!(speed().await, undisturbed(100.0), "more is known of it");
        add_run(&store, 90.0, false, quiet).await;
        assert_eq!(speed().await, undisturbed(90.0));
    }
}
