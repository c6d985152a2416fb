//! What cannot be pruned is refused before the start.

use axum::http::StatusCode;
use serde_json::json;
use whittle::bench::machine::MachineFacts;

use super::{WIDTH, recipe};
use crate::house::{House, message};
use crate::shop::{NO_FILES, files_below};
use crate::tiny_model::{self, Tiny};

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_pruned_is_refused_before_the_start() {
    let house = House::with_model().await;
    let experts = Tiny {
        n_experts: 8,
        ..Tiny::of("qwen2")
    };
    for (name, tiny) in [
        ("strange.gguf", Tiny::of("nosuch")),
        ("experts.gguf", experts),
        ("recurrent.gguf", Tiny::of("mamba")),
    ] {
        tiny_model::write_as(&house.models(), name, tiny);
    }
    house.settled_library().await;
    let tiny = house.model_id("llama").await;
    let strange = house.model_id("nosuch").await;
    let experts = house.model_id("qwen2").await;
    let recurrent = house.model_id("mamba").await;
    let (wrong, unusable) = (StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY);
    for (model, prune, status, says) in [
        (
            &strange,
            json!({"ratio": 0.3}),
            unusable,
            "nosuch models cannot be pruned yet",
        ),
        (
            &experts,
            json!({"ratio": 0.3}),
            unusable,
            "mixture-of-experts models cannot be pruned yet",
        ),
        (
            &recurrent,
            json!({"ratio": 0.3, "method": "depth"}),
            unusable,
            "they are recurrent",
        ),
        (
            &tiny,
            json!({"ratio": 0.3, "loss_budget": 1.5}),
            wrong,
            "a loss budget is for pruning by depth",
        ),
        // One of two blocks is half of them, and no other share can be.
        (
            &tiny,
            json!({"ratio": 0.1, "method": "depth"}),
            unusable,
            "10 %",
        ),
    ] {
        let recipes = json!([{"prune": prune}]);
        for (path, body) in [
            (
                "/api/variants/forecast",
                json!({"model": model, "recipes": recipes}),
            ),
            ("/api/runs", json!({"model": model, "recipes": recipes})),
            (
                "/api/benchmark/pruning",
                json!({
                    "model": model, "pruning_ratio": prune["ratio"], "method": prune["method"],
                    "loss_budget": prune["loss_budget"],
                }),
            ),
        ] {
            let (answered, answer) = house.post(path, &body).await;
            assert_eq!(answered, status, "{path}: {answer}");
            assert!(message(&answer).contains(says), "{path}: {answer}");
        }
    }
    for (body, says) in [
        (json!({"pruning_ratio": 0.6}), "0.1 to 0.5"),
        (json!({"pruning_ratio": 0}), "0.1 to 0.5"),
        (
            json!({"pruning_ratio": 0.3, "technique": "quantization"}),
            "technique is quantization and this path measures pruning",
        ),
    ] {
        let (status, answer) = house.post("/api/benchmark/pruning", &body).await;
        assert_eq!(status, wrong, "{body}: {answer}");
        assert!(message(&answer).contains(says), "{body}: {answer}");
    }
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs, json!([]), "nothing of this was stored");
    let variants = files_below(&house.path().join("data/variants"));
    assert_eq!(variants, NO_FILES);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_machine_has_no_memory_for_is_refused_before_the_start() {
    let house = House::on_machine(MachineFacts {
        total_memory_mb: 50.0,
        ..MachineFacts::read()
    })
    .await;
    house.settled_library().await;
    let model = house.model_id("llama").await;
    let body = json!({"model": model, "recipes": [recipe(WIDTH)]});
    let (status, answer) = house.post("/api/variants/forecast", &body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert!(
        message(&answer).contains("MB of memory, and this machine has 50"),
        "{answer}"
    );
}
