//! Named lists of prompts.

use super::{Store, StoreError};
use crate::domain::prompt::Prompt;
use crate::domain::prompt_set::{PromptSet, SETS_BYTES_LIMIT, SETS_LIMIT};

impl Store {
    /// The names of all sets, in order.
    pub async fn prompt_set_names(&self) -> Result<Vec<String>, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT name FROM prompt_sets ORDER BY name COLLATE NOCASE, name")
                .fetch_all(&self.pool)
                .await?,
        )
    }

    /// All sets, in the order of their names.
    pub async fn prompt_sets(&self) -> Result<Vec<PromptSet>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT name, prompts_json FROM prompt_sets ORDER BY name COLLATE NOCASE, name",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// The set with this name.
    pub async fn prompt_set(&self, name: &str) -> Result<Option<PromptSet>, StoreError> {
        let row: Option<(String, String)> =
            sqlx::query_as("SELECT name, prompts_json FROM prompt_sets WHERE name = ?")
                .bind(name)
                .fetch_optional(&self.pool)
                .await?;
        row.map(read).transpose()
    }

    /// The name of a set that holds exactly these prompts.
    pub async fn prompt_set_of(&self, prompts: &[Prompt]) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT name FROM prompt_sets WHERE prompts_json = ?
             ORDER BY name COLLATE NOCASE, name LIMIT 1",
        )
        .bind(serde_json::to_string(prompts)?)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Keeps a set, in place of the one with its name if there is one; false:
    /// as many as there may be are kept already.
    pub async fn keep_prompt_set(&self, set: &PromptSet) -> Result<bool, StoreError> {
        let kept = sqlx::query(
            "INSERT INTO prompt_sets (name, prompts_json)
             SELECT ?1, ?2 WHERE
                 (SELECT count(*) < ?3
                         AND coalesce(sum(octet_length(prompts_json)), 0) + octet_length(?2) <= ?4
                  FROM prompt_sets WHERE name <> ?1)
             ON CONFLICT (name) DO UPDATE SET prompts_json = excluded.prompts_json",
        )
        .bind(&set.name)
        .bind(serde_json::to_string(&set.prompts)?)
        .bind(SETS_LIMIT)
        .bind(SETS_BYTES_LIMIT)
        .execute(&self.pool)
        .await?;
        Ok(kept.rows_affected() > 0)
    }

    /// Removes the set with this name and gives it back; none: there is none.
    pub async fn delete_prompt_set(&self, name: &str) -> Result<Option<PromptSet>, StoreError> {
        let row: Option<(String, String)> =
            sqlx::query_as("DELETE FROM prompt_sets WHERE name = ? RETURNING name, prompts_json")
                .bind(name)
                .fetch_optional(&self.pool)
                .await?;
        row.map(read).transpose()
    }
}

fn read((name, prompts): (String, String)) -> Result<PromptSet, StoreError> {
    Ok(PromptSet {
        name,
        prompts: serde_json::from_str(&prompts)?,
    })
}
