//! The rows that are added to a run: measurements, events, results.

use sqlx::{Sqlite, Transaction};

use super::{Finished, StoreError, noise};
use crate::domain::benchmark::ArmResult;
use crate::domain::event::Sequenced;
use crate::domain::run::RunId;
use crate::domain::sample::{LaunchSample, RequestSample};

pub(super) async fn add_request(
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

pub(super) async fn add_launch(
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

pub(super) async fn add_event(
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

pub(super) async fn add_result(
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
