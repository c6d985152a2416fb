//! What the variants of a model that were measured so far buy and cost.

use super::{Store, StoreError};
use crate::domain::compare::Comparison;
use crate::domain::model::ModelId;
use crate::domain::run::RunId;
use crate::domain::trade_off::TradeOff;

/// Runs that are looked at, the newest first: each has a comparison to read.
const LIMIT: u32 = 200;

impl Store {
    /// Each variant of the model once, as runs that are not deleted found it.
    pub async fn trade_offs(&self, model: &ModelId) -> Result<Vec<TradeOff>, StoreError> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT id, comparison_json FROM runs
             WHERE model_id = ? AND status = 'done' AND comparison_json IS NOT NULL
               AND technique <> 'noise' AND deleted_at_s IS NULL
             ORDER BY id DESC LIMIT ?",
        )
        .bind(&model.0)
        .bind(LIMIT)
        .fetch_all(&self.pool)
        .await?;
        let mut runs: Vec<(RunId, Comparison)> = Vec::with_capacity(rows.len());
        for (id, json) in rows {
            match serde_json::from_str(&json) {
                Ok(comparison) => runs.push((RunId(id), comparison)),
                Err(error) => {
                    tracing::warn!(run = id, %error, "a run's comparison cannot be read, and is left out");
                }
            }
        }
        let runs = runs.iter().map(|(id, comparison)| (*id, comparison));
        Ok(TradeOff::of_runs(runs))
    }
}
