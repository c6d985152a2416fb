//! What the pages load, and what the dashboard remembers.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::about::About;
use crate::domain::dashboard::Dashboard;
use crate::domain::error::AppError;
use crate::domain::json::Json;
use crate::domain::model::LibraryListing;
use crate::domain::run::RunRequest;

/// Lists the library's models, looking at the folders anew.
#[server(prefix = "/api", endpoint = "models", input = GetUrl, output = Json)]
pub async fn list_models() -> Result<LibraryListing, AppError> {
    expect_context::<crate::server::AppState>().models().await
}

/// Loads everything that the dashboard shows.
#[server(prefix = "/api", endpoint = "dashboard", input = GetUrl, output = Json)]
pub async fn load_dashboard() -> Result<Dashboard, AppError> {
    expect_context::<crate::server::AppState>()
        .dashboard()
        .await
}

/// Says what this Whittle is and what it runs on.
#[server(prefix = "/api", endpoint = "about", input = GetUrl, output = Json)]
pub async fn load_about() -> Result<About, AppError> {
    expect_context::<crate::server::AppState>().about().await
}

/// Keeps the user's prompts and settings for the next visit.
#[server(prefix = "/api", endpoint = "remember", input = Json, output = Json)]
pub async fn remember(#[server(flatten)] request: RunRequest) -> Result<(), AppError> {
    let spec = crate::domain::run::RunSpec::try_from(request)?;
    expect_context::<crate::server::AppState>()
        .remember(&spec)
        .await
}
