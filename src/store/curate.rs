//! What users do to stored runs: name, note, delete and restore; and what
//! removes a deleted run for good.

use std::collections::HashSet;

use super::{Store, StoreError};
use crate::domain::defaults::DELETED_KEPT_DAYS;
use crate::domain::label::LabelChange;
use crate::domain::run::RunId;

/// What came of a request to delete a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is deleted, now or since before.
    Deleted,
    /// It waits or runs.
    Unfinished,
    /// There is no such run.
    Unknown,
}

impl Store {
    /// Hides a run that is over. One that is deleted already keeps its time.
    pub async fn delete_run(&self, id: RunId) -> Result<Deletion, StoreError> {
        let deleted = sqlx::query(
            "UPDATE runs SET deleted_at_s = coalesce(deleted_at_s, unixepoch())
             WHERE id = ? AND status NOT IN ('queued', 'running')",
        )
        .bind(id.0)
        .execute(&self.pool)
        .await?;
        if deleted.rows_affected() > 0 {
            return Ok(Deletion::Deleted);
        }
        Ok(match self.is_deleted(id).await? {
            Some(_) => Deletion::Unfinished,
            None => Deletion::Unknown,
        })
    }

    /// Removes a run for good, with everything that belongs to it.
    pub async fn forget_run(&self, id: RunId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM runs WHERE id = ?")
            .bind(id.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Shows a deleted run again; false: there is no such run.
    pub async fn restore_run(&self, id: RunId) -> Result<bool, StoreError> {
        let restored = sqlx::query("UPDATE runs SET deleted_at_s = NULL WHERE id = ?")
            .bind(id.0)
            .execute(&self.pool)
            .await?;
        Ok(restored.rows_affected() > 0)
    }

    /// Whether a run is deleted; none: there is no such run.
    pub async fn is_deleted(&self, id: RunId) -> Result<Option<bool>, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT deleted_at_s IS NOT NULL FROM runs WHERE id = ?")
                .bind(id.0)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Changes name and note of a run that is not deleted; nothing happens to
    /// another.
    pub async fn label_run(&self, id: RunId, change: &LabelChange) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE runs SET name = iif(?, ?, name), note = iif(?, ?, note)
             WHERE id = ? AND deleted_at_s IS NULL",
        )
        .bind(change.name.is_some())
        .bind(change.name.as_ref().and_then(Option::as_ref))
        .bind(change.note.is_some())
        .bind(change.note.as_ref().and_then(Option::as_ref))
        .bind(id.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The hashes of the texts for quality that runs name, deleted ones too: those
    /// may be restored.
    pub async fn named_texts(&self) -> Result<HashSet<String>, StoreError> {
        let named: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT json_extract(spec_json, '$.quality.text.sha256') AS sha256 FROM runs
             WHERE sha256 IS NOT NULL",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(named.into_iter().collect())
    }

    /// Removes for good what was deleted long enough ago, with everything that
    /// belongs to it, and says how many runs that were.
    pub async fn remove_deleted(&self) -> Result<u64, StoreError> {
        let removed = sqlx::query("DELETE FROM runs WHERE deleted_at_s < unixepoch() - ? * 86400")
            .bind(DELETED_KEPT_DAYS)
            .execute(&self.pool)
            .await?;
        Ok(removed.rows_affected())
    }
}
