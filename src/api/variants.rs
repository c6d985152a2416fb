//! Variants: what they would be, what they buy and cost, and deleting them.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::error::AppError;
use crate::domain::json::Json;
use crate::domain::model::ModelId;
use crate::domain::recipe::Recipe;
use crate::domain::trade_off::TradeOff;
use crate::domain::variant::{VariantForecasts, VariantRecord};

/// Says what recipes would make of a model, and how large, without making it.
#[server(prefix = "/api", endpoint = "variants/forecast", input = Json, output = Json)]
pub async fn forecast_variants(
    model: ModelId,
    recipes: Vec<Recipe>,
) -> Result<VariantForecasts, AppError> {
    expect_context::<crate::server::AppState>()
        .forecast_variants(model, recipes)
        .await
}

/// Lists the variants of a model that were measured, each as the run found it that
/// measured most of it.
#[server(prefix = "/api", endpoint = "variants/measured", input = GetUrl, output = Json)]
pub async fn list_trade_offs(model: String) -> Result<Vec<TradeOff>, AppError> {
    let model = ModelId::checked(model).ok_or(crate::domain::run::RunProblem::NotAModelId)?;
    expect_context::<crate::server::AppState>()
        .trade_offs(&model)
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
