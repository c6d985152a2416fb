//! What models show against themselves.

use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError};
use crate::domain::noise::{Noise, NoiseKey};
use crate::domain::run::RunId;

impl Store {
    /// The latest that was measured; one that this version cannot read counts
    /// as none.
    pub async fn noise(&self, key: &NoiseKey) -> Result<Option<Noise>, StoreError> {
        let noise: Option<String> = sqlx::query_scalar(
            "SELECT noise_json FROM noise WHERE model_sha256 = ? AND machine = ? AND settings = ?",
        )
        .bind(&key.model_sha256)
        .bind(&key.machine)
        .bind(&key.settings)
        .fetch_optional(&self.pool)
        .await?;
        Ok(noise.and_then(|noise| serde_json::from_str(&noise).ok()))
    }
}

/// Keeps what a run measured.
pub(super) async fn keep(
    transaction: &mut Transaction<'_, Sqlite>,
    id: RunId,
    key: &NoiseKey,
    noise: &Noise,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO noise (model_sha256, machine, settings, run_id, noise_json)
         VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (model_sha256, machine, settings)
         DO UPDATE SET run_id = excluded.run_id, noise_json = excluded.noise_json",
    )
    .bind(&key.model_sha256)
    .bind(&key.machine)
    .bind(&key.settings)
    .bind(id.0)
    .bind(serde_json::to_string(noise)?)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
