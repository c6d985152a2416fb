//! The deleted runs that can be restored.

use sqlx::FromRow;

use super::list::{COLUMNS, SummaryRow, TABLES, summary};
use super::{Store, StoreError};
use crate::domain::defaults::DELETED_KEPT_DAYS;
use crate::domain::run::{DeletedRun, RunId};

#[derive(FromRow)]
struct DeletedRow {
    #[sqlx(flatten)]
    run: SummaryRow,
    deleted_at: String,
    kept_until: String,
}

impl Store {
    /// Lists the deleted runs, newest first, those older than `before` if given.
    pub async fn deleted_runs(
        &self,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<DeletedRun>, StoreError> {
        let query = format!(
            "SELECT {COLUMNS},
                    strftime('%Y-%m-%dT%H:%M:%SZ', deleted_at_s, 'unixepoch') AS deleted_at,
                    strftime('%Y-%m-%dT%H:%M:%SZ', deleted_at_s + ? * 86400, 'unixepoch') AS kept_until
             FROM {TABLES}
             WHERE deleted_at_s IS NOT NULL AND runs.id < ? ORDER BY runs.id DESC LIMIT ?"
        );
        let rows: Vec<DeletedRow> = sqlx::query_as(&query)
            .bind(DELETED_KEPT_DAYS)
            .bind(before.map_or(i64::MAX, |id| id.0))
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(deleted).collect()
    }
}

fn deleted(row: DeletedRow) -> Result<DeletedRun, StoreError> {
    Ok(DeletedRun {
        run: summary(row.run)?,
        deleted_at: row.deleted_at,
        kept_until: row.kept_until,
    })
}
