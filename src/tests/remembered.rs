//! What the form remembers.

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::bench::machine::MachineFacts;

use crate::house::House;
use crate::tiny_model::{self, Tiny};

/// A program that asked for layers on a GPU had changed the folded settings of
/// the dashboard, and the next run there asked for them too.
#[tokio::test(flavor = "multi_thread")]
async fn the_form_remembers_what_was_chosen_in_it_and_not_what_programs_ask_for() {
    let house = House::on_machine(MachineFacts {
        has_gpu: true,
        ..MachineFacts::read()
    })
    .await;
    let short = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4});
    let (_, first) = house.post("/api/benchmark/baseline", &short).await;
    assert_eq!(first["model_name"], tiny_model::NAME);
    let model = &first["model_id"];
    assert!(model.is_string(), "{first}");
    let chosen = json!({"model": model, "test_queries": ["mine"], "n_ctx": 1024});
    let (status, _) = house.post("/api/remember", &chosen).await;
    assert_eq!(status, StatusCode::OK);
    let other = json!({
        "test_queries": ["hello"], "iterations": 1, "max_tokens": 4, "n_gpu_layers": 3,
    });
    let (status, answer) = house.post("/api/benchmark/baseline", &other).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (_, dashboard) = house.get("/api/dashboard").await;
    let remembered = &dashboard["remembered"];
    assert_eq!(remembered["prompts"], json!(["mine"]));
    assert_eq!(remembered["settings"][0][0], *model);
    assert_eq!(remembered["settings"][0][1]["n_ctx"], 1024);
    assert_eq!(remembered["settings"][0][1]["n_gpu_layers"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_model_keeps_its_own_settings() {
    let house = House::with_model().await;
    tiny_model::write_as(&house.models(), "other.gguf", Tiny::of("qwen2"));
    let models = [house.model_id("llama").await, house.model_id("qwen2").await];
    let contexts = [1024, 512];
    for (model, n_ctx) in models.iter().zip(contexts) {
        let chosen = json!({"model": model, "n_ctx": n_ctx, "max_tokens": 16});
        let (status, answer) = house.post("/api/remember", &chosen).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
    let (_, dashboard) = house.get("/api/dashboard").await;
    let kept = dashboard["remembered"]["settings"].as_array();
    let kept = kept.expect("settings");
    assert_eq!(kept.len(), 2, "{dashboard}");
    for (model, n_ctx) in models.iter().zip(contexts) {
        let of_model = |one: &&Value| one[0] == *model;
        let own = kept.iter().find(of_model).expect("its settings");
        assert_eq!(own[1]["n_ctx"], n_ctx);
    }
}
