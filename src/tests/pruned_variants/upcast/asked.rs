//! An upcast over HTTP: made where there is something to upcast, else refused.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{UPCAST, quantized_shop, recipe};
use crate::house::{House, message};
use crate::tiny_model::NAME;
use crate::workers::real_workers;

/// What the page offers for a quantized model.
const CHOICE: &str = "Upcast to F16 first";

#[tokio::test(flavor = "multi_thread")]
async fn over_http_it_is_foretold_made_and_measured_against_the_chosen_file() {
    let house = House::empty(real_workers()).await;
    let shop = quantized_shop().await;
    let path = house.models().join("tiny.gguf");
    std::fs::copy(&shop.located.path, path).expect("a copy");
    house.settled_library().await;
    let model = house.model_id("llama").await;
    let (_, page) = house.get("/").await;
    assert!(page.as_str().is_some_and(|page| page.contains(CHOICE)));
    let body = json!({"model": model, "recipes": [recipe(UPCAST)]});
    let (status, foretold) = house.post("/api/variants/forecast", &body).await;
    assert_eq!(status, StatusCode::OK, "{foretold}");
    let body = json!({
        "model": model, "pruning_ratio": 0.3, "upcast": true, "test_queries": ["hello"],
        "iterations": 2, "max_tokens": 12,
    });
    let (status, answer) = house.post("/api/benchmark/pruning", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["model_name"], format!("{NAME}-pruned-30%-upcast"));
    assert_eq!(answer["baseline_model_id"], model);
    assert_eq!(answer["verdicts"]["model_size"]["verdict"], "worse");
    assert_eq!(answer["pruning"]["cut"]["not_refitted"], Value::Null);
    let (_, run) = house.get(&format!("/api/runs/{}", answer["run_id"])).await;
    let [base, made] = [0, 1].map(|arm| &run["arms"][arm]["model"]);
    assert_eq!(base["file_type"], "Q4_0");
    assert_eq!(made["file_type"], "F16");
    assert_eq!(made["size_bytes"], foretold["variants"][0]["size_bytes"]);
    assert_eq!(made["variant"]["recipe"]["prune"]["upcast"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_no_upcast_is_refused_one() {
    let house = House::with_model().await;
    house.settled_library().await;
    let model = house.model_id("llama").await;
    let recipes = json!([recipe(UPCAST)]);
    let says = "tiny.gguf is F32 and not quantized, so that there is nothing to upcast";
    for (path, body, says) in [
        (
            "/api/variants/forecast",
            json!({"model": model, "recipes": recipes}),
            says,
        ),
        (
            "/api/runs",
            json!({"model": model, "recipes": recipes}),
            says,
        ),
        (
            "/api/benchmark/pruning",
            json!({"model": model, "pruning_ratio": 0.3, "upcast": true}),
            says,
        ),
        // Nor is one done to what is not pruned.
        (
            "/api/benchmark/quantization",
            json!({"model": model, "quantization_level": "q8_0", "upcast": true}),
            "upcast is no field",
        ),
        (
            "/api/runs",
            json!({"recipes": [{"quantize": {"level": "q8_0"}, "upcast": true}]}),
            "`upcast`",
        ),
    ] {
        let (status, answer) = house.post(path, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {answer}");
        assert!(message(&answer).contains(says), "{path}: {answer}");
    }
    let (_, page) = house.get("/").await;
    assert!(page.as_str().is_some_and(|page| !page.contains(CHOICE)));
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs, json!([]), "nothing of this was stored");
}
