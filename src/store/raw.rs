//! The raw measurements of a run, in pages: an export of a large run neither
//! fills the memory nor keeps a connection from others.

use sqlx::FromRow;

use super::{Store, StoreError};
use crate::domain::run::RunId;
use crate::domain::sample::{ArmLaunch, ArmRequest, RequestSample};

/// Where a request stands in its run: arm, iteration, prompt.
pub type Place = (u32, u32, u32);

#[derive(FromRow)]
struct SampleRow {
    arm_position: u32,
    iteration: u32,
    prompt: u32,
    generation_json: String,
}

impl Store {
    /// The measured requests of a run after `after`, in order, at most `limit`.
    pub async fn requests(
        &self,
        id: RunId,
        after: Place,
        limit: u32,
    ) -> Result<Vec<ArmRequest>, StoreError> {
        let rows: Vec<SampleRow> = sqlx::query_as(
            "SELECT arm_position, iteration, prompt, generation_json FROM samples
             WHERE run_id = ? AND (arm_position, iteration, prompt) > (?, ?, ?)
             ORDER BY arm_position, iteration, prompt LIMIT ?",
        )
        .bind(id.0)
        .bind(after.0)
        .bind(after.1)
        .bind(after.2)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let request = |row: SampleRow| {
            Ok(ArmRequest {
                arm_position: row.arm_position,
                sample: RequestSample {
                    iteration: row.iteration,
                    prompt: row.prompt,
                    generation: serde_json::from_str(&row.generation_json)?,
                },
            })
        };
        rows.into_iter().map(request).collect()
    }

    /// The launches of a run, in order. A run has few.
    pub async fn launches(&self, id: RunId) -> Result<Vec<ArmLaunch>, StoreError> {
        let rows: Vec<(u32, String)> = sqlx::query_as(
            "SELECT arm_position, launch_json FROM launches
             WHERE run_id = ? ORDER BY arm_position, iteration",
        )
        .bind(id.0)
        .fetch_all(&self.pool)
        .await?;
        let launch = |(arm_position, json): (u32, String)| {
            Ok(ArmLaunch {
                arm_position,
                launch: serde_json::from_str(&json)?,
            })
        };
        rows.into_iter().map(launch).collect()
    }
}
