//! What pruned variants will be like, said before any is made.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{DEPTH, THEN_Q8_0, WIDTH, recipe};
use crate::house::House;
use crate::shop::{Shop, kept_orders, make_in, record};
use crate::tiny_model::Tiny;

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

#[tokio::test(flavor = "multi_thread")]
async fn what_depth_takes_from_neurons_is_forecast_to_the_byte() {
    let shop = Shop::with_tiny(Tiny {
        n_blocks: 4,
        ..Tiny::default()
    });
    let mixed = recipe(r#"{"prune": {"ratio": 0.36, "method": "depth"}}"#);
    let forecast = shop.forecast(None, mixed).await;
    let words = forecast.pruned_in_words().expect("it is pruned");
    let says = " go, 1 of 4 blocks, and 32 of 128 neurons of each other block.";
    assert!(words.contains(says), "{words}");
    let made = shop.make(&mixed).await.expect("it is made");
    assert_eq!(made.model.size_bytes, forecast.size_bytes);
    let pruning = forecast.pruning.expect("it is pruned");
    assert_eq!(made.model.n_params, pruning.params_after);
    assert!(pruning.is_settled && forecast.warnings.is_empty());
    assert_eq!(record(&made).label(), "pruned 36 % by depth");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_an_order_by_now_is_said() {
    let house = House::with_model().await;
    house.settled_library().await;
    let model = house.model_id("llama").await;
    let auto = r#"{"prune": {"ratio": 0.5, "method": "auto"}}"#;
    let quick = r#"{"prune": {"ratio": 0.5, "method": "depth", "quick": true}}"#;
    let recipes = json!([DEPTH, auto, quick, WIDTH].map(recipe));
    let body = json!({"model": model, "recipes": recipes});
    let orders = async || {
        let (status, answer) = house.post("/api/variants/forecast", &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        [0, 1, 2, 3].map(|n| answer["variants"][n]["pruning"]["order"].clone())
    };
    // Of the two blocks one goes.
    let [known, unknown] = [1, 0].map(|n_known| json!({"n_known": n_known, "n_wanted": 1}));
    let nothing = [&unknown, &unknown, &unknown, &Value::Null].map(Value::clone);
    assert_eq!(orders().await, nothing);
    make_in(&house, &recipe(DEPTH)).await;
    // Though it was forecast before; and by the methods that search alike.
    let found = [&known, &known, &unknown, &Value::Null].map(Value::clone);
    assert_eq!(orders().await, found);
    let kept = kept_orders(&house.path().join("data/cache"));
    assert_eq!(kept.len(), 1);
    std::fs::write(&kept[0], "{}").expect("it is damaged");
    assert_eq!(orders().await, nothing);
}
