//! What the server does with prompt sets: list, read, keep, delete.

use super::AppState;
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::label::NAME_CHARS_LIMIT;
use crate::domain::prompt_set::{PromptSet, SETS_BYTES_LIMIT, SETS_LIMIT};

impl AppState {
    /// All prompt sets, by name.
    pub(crate) async fn prompt_sets(&self) -> Result<Vec<PromptSet>, AppError> {
        Ok(self.store().prompt_sets().await?)
    }

    /// The prompt set with this name.
    pub(crate) async fn prompt_set(&self, name: &str) -> Result<PromptSet, AppError> {
        let set = self.store().prompt_set(name).await?;
        set.ok_or_else(|| unknown(name))
    }

    /// Keeps a prompt set, in place of the one with its name if there is one.
    pub(crate) async fn keep_prompt_set(&self, set: PromptSet) -> Result<PromptSet, AppError> {
        if self.store().keep_prompt_set(&set).await? {
            return Ok(set);
        }
        Err(AppError::new(
            ErrorCode::Conflict,
            format!(
                "prompt sets are full: {SETS_LIMIT} are kept, of {} MB together, and {} was not. \
                 Delete one, or save under a name that is there",
                SETS_BYTES_LIMIT / 1_000_000,
                set.name
            ),
        ))
    }

    /// Removes a prompt set and gives it back, for those who change their mind.
    pub(crate) async fn delete_prompt_set(&self, name: &str) -> Result<PromptSet, AppError> {
        let set = self.store().delete_prompt_set(name).await?;
        set.ok_or_else(|| unknown(name))
    }
}

fn unknown(name: &str) -> AppError {
    // A name that no set can have may be as long as a body.
    let name: String = name.chars().take(NAME_CHARS_LIMIT).collect();
    AppError::new(
        ErrorCode::NotFound,
        format!("there is no prompt set {name}; GET /api/prompt-sets lists them"),
    )
}
