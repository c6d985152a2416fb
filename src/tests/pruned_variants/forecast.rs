//! What pruned variants will be like, said before any is made.

use axum::http::StatusCode;
use serde_json::json;

use super::{DEPTH, THEN_Q8_0, WIDTH, recipe};
use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_recipe_is_forecast_over_http() {
    let house = House::with_model().await;
    house.settled_library().await;
    let model = house.model_id("llama").await;
    let recipes = json!([recipe(WIDTH), recipe(DEPTH), recipe(THEN_Q8_0)]);
    let body = json!({"model": model, "recipes": recipes});
    let (status, answer) = house.post("/api/variants/forecast", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let [width, depth, both] = [0, 1, 2].map(|n| &answer["variants"][n]);
    assert_eq!(width["pruning"]["n_ff_before"], 128);
    assert_eq!(width["pruning"]["n_ff_after"], 64);
    assert_eq!(depth["pruning"]["n_blocks_after"], 1);
    assert_eq!(both["recipe"], recipes[2]);
    assert!(both["size_bytes"].as_u64() < width["size_bytes"].as_u64());
}
