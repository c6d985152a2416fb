//! Variants: what they would be, and deleting them.

use leptos::prelude::*;

use crate::domain::error::AppError;
use crate::domain::json::Json;
use crate::domain::model::ModelId;
use crate::domain::recipe::Quantize;
use crate::domain::variant::{VariantForecasts, VariantRecord};

/// Says how large variants of a model would be, without making them.
#[server(prefix = "/api", endpoint = "variants/forecast", input = Json, output = Json)]
pub async fn forecast_variants(
    model: ModelId,
    recipes: Vec<Quantize>,
) -> Result<VariantForecasts, AppError> {
    expect_context::<crate::server::AppState>()
        .forecast_variants(model, recipes)
        .await
}

/// Deletes a variant's file for good and answers with what it was; the same
/// recipe makes it again.
#[server(prefix = "/api", endpoint = "variants/delete", input = Json, output = Json)]
pub async fn delete_variant(model: ModelId) -> Result<VariantRecord, AppError> {
    expect_context::<crate::server::AppState>()
        .delete_variant(model)
        .await
}
