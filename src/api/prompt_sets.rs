//! Prompt sets: list, read, keep, delete.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::error::AppError;
use crate::domain::json::Json;
use crate::domain::prompt::Prompt;
use crate::domain::prompt_set::PromptSet;

/// Lists all prompt sets with their prompts, by name.
#[server(prefix = "/api", endpoint = "prompt-sets", input = GetUrl, output = Json)]
pub async fn list_prompt_sets() -> Result<Vec<PromptSet>, AppError> {
    expect_context::<crate::server::AppState>()
        .prompt_sets()
        .await
}

/// Reads one prompt set.
#[server(prefix = "/api", endpoint = "prompt-set", input = GetUrl, output = Json)]
pub async fn get_prompt_set(name: String) -> Result<PromptSet, AppError> {
    expect_context::<crate::server::AppState>()
        .prompt_set(&name)
        .await
}

/// Keeps a prompt set, in place of the one with its name if there is one.
#[server(prefix = "/api", endpoint = "prompt-sets", input = Json, output = Json)]
pub async fn keep_prompt_set(name: String, prompts: Vec<Prompt>) -> Result<PromptSet, AppError> {
    let set = PromptSet::new(&name, prompts)?;
    expect_context::<crate::server::AppState>()
        .keep_prompt_set(set)
        .await
}

/// Removes a prompt set and answers with it: kept again, it is back.
#[server(prefix = "/api", endpoint = "prompt-sets/delete", input = Json, output = Json)]
pub async fn delete_prompt_set(name: String) -> Result<PromptSet, AppError> {
    expect_context::<crate::server::AppState>()
        .delete_prompt_set(&name)
        .await
}
