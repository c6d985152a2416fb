//! Real answers of every operation, held against the OpenAPI document: each
//! answer is one that it describes, and each that it describes is seen.

mod broken;
mod refusals;
mod states;
mod successes;
mod variants;

use axum::http::StatusCode;
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use whittle::bench::machine::MachineFacts;

use crate::house::House;
use crate::witness::Witness;
use crate::workers::fake_workers;

/// Answers that need what no test can arrange at will.
const NOT_ARRANGED: [&str; 4] = [
    // A model that is still being read when its run is asked for.
    "post /api/noise 409",
    "post /api/runs 409",
    // A file that the system will not remove.
    "post /api/variants/delete 409",
    // A model whose file is exchanged just then.
    "post /api/variants/forecast 409",
];

/// The paths that measure and answer when done.
const WAITED_FOR: [&str; 3] = [
    "/api/benchmark/baseline",
    "/api/benchmark/quantization",
    "/api/benchmark/pruning",
];
/// All that measure.
const MEASURING: [&str; 5] = [
    "/api/runs",
    "/api/noise",
    "/api/benchmark/baseline",
    "/api/benchmark/quantization",
    "/api/benchmark/pruning",
];

/// The body for a path: a level where one is needed, and enough launches.
fn for_path(path: &str, mut body: Value) -> Value {
    match path {
        "/api/benchmark/quantization" => body["quantization_level"] = json!("q4_0"),
        "/api/benchmark/pruning" => body["pruning_ratio"] = json!(0.3),
        "/api/noise" => body["iterations"] = json!(10),
        _ => {}
    }
    body
}

async fn witness(house: &House) -> Witness {
    let (status, document) = house.get("/api/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    Witness::new(document)
}

fn short() -> Value {
    json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4})
}

fn long() -> Value {
    json!({"test_queries": ["hello"], "iterations": 100, "max_tokens": 1000})
}

fn set(name: &str) -> Value {
    let judged = json!({"prompt": "2 + 2?", "expected": {"regex": r"\b4\b"}});
    json!({"name": name, "prompts": ["hello", judged]})
}

async fn history(house: &House) -> sqlx::SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(house.path().join("data/whittle.db"))
        .foreign_keys(false);
    options.connect().await.expect("the history's file")
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_described() {
    let house = House::with_model().await;
    house.settled_library().await;
    let mut witness = witness(&house).await;
    successes::see(&mut witness, &house).await;
    refusals::see(&mut witness, &house).await;
    states::see(&mut witness, &house).await;

    let small = House::on_machine(MachineFacts {
        total_memory_mb: 8.0,
        ..MachineFacts::read()
    })
    .await;
    let crashing = House::with_workers(fake_workers("exit 3")).await;
    for path in MEASURING {
        let (status, _) = witness.post(&small, path, &for_path(path, short())).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    for path in WAITED_FOR {
        let body = for_path(path, short());
        let (status, _) = witness.post(&crashing, path, &body).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    let (status, _) = witness.get(&crashing, "/api/about", "/api/about").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    variants::see(&mut witness, &house, &crashing).await;
    broken::see(&mut witness).await;
    assert_eq!(witness.unseen(), NOT_ARRANGED);
}
