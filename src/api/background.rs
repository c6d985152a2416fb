//! What is measured unasked: on or off.

use leptos::prelude::*;

use crate::domain::background::Background;
use crate::domain::error::AppError;
use crate::domain::json::Json;

/// Lets models be measured against themselves while nobody needs the machine, or
/// not, and answers with how it stands. Off ends what is being measured so.
#[server(prefix = "/api", endpoint = "background", input = Json, output = Json)]
pub async fn set_background(is_on: bool) -> Result<Background, AppError> {
    expect_context::<crate::server::AppState>()
        .set_background(is_on)
        .await
}
