//! Pruned runs as files, and ratios that no run is made of.

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::domain::pruning::PruningCheck;

use crate::house::{House, message};

#[tokio::test(flavor = "multi_thread")]
async fn exports_of_a_pruned_run_say_what_is_gone_and_what_the_check_found() {
    let house = House::with_model().await;
    house.settled_library().await;
    let model = house.model_id("llama").await;
    let body = json!({
        "model": model, "pruning_ratio": 0.3, "test_queries": ["hello"], "iterations": 1,
        "max_tokens": 2,
    });
    let (status, answer) = house.post("/api/benchmark/pruning", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let pruning = &answer["pruning"];
    let id = answer["run_id"].as_i64().expect("an id");

    let (_, whole) = house.get(&format!("/api/runs/{id}/export")).await;
    let record = &whole["run"]["arms"][1]["model"]["variant"];
    assert_eq!(record["pruning"], *pruning);

    let (_, table) = house
        .get(&format!("/api/runs/{id}/export?format=csv"))
        .await;
    let table = table.as_str().expect("a table").to_owned();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let names = reader.headers().expect("a head").clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let cells = |name: &str| -> Vec<String> {
        let place = names.iter().position(|other| other == name).expect(name);
        rows.iter().map(|row| row[place].to_owned()).collect()
    };
    assert_eq!(cells("arm_position"), ["0", "1"]);
    let check: PruningCheck = serde_json::from_value(pruning["check"].clone()).expect("a check");
    for (name, value) in [
        (
            "achieved_pruning_ratio",
            &pruning["cut"]["achieved_pruning_ratio"],
        ),
        (
            "check_base_perplexity",
            &pruning["check"]["base_perplexity"],
        ),
        ("check_perplexity", &pruning["check"]["perplexity"]),
    ] {
        let found = cells(name);
        assert_eq!(found[0], "", "{name} of what was not pruned");
        assert_eq!(found[1].parse::<f64>().ok(), value.as_f64(), "{name}");
    }
    let is_broken = check.is_broken().to_string();
    assert_eq!(cells("check_is_broken"), ["", is_broken.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ratio_outside_of_a_tenth_to_a_half_is_a_bad_request_everywhere() {
    let house = House::with_model().await;
    house.settled_library().await;
    let model = house.model_id("llama").await;
    for ratio in [0.0, 0.0999, 0.5001, 1.0, -0.3, 30.0] {
        let recipes = json!([{"prune": {"ratio": ratio}}]);
        for (path, body) in [
            (
                "/api/benchmark/pruning",
                json!({"model": model, "pruning_ratio": ratio}),
            ),
            ("/api/runs", json!({"model": model, "recipes": recipes})),
            (
                "/api/variants/forecast",
                json!({"model": model, "recipes": recipes}),
            ),
        ] {
            let (status, answer) = house.post(path, &body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {ratio}: {answer}");
            assert!(message(&answer).contains("0.1 to 0.5"), "{path}: {answer}");
        }
    }
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs, Value::Array(Vec::new()), "nothing of this was stored");
}
