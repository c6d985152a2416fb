//! A pruned model beside its base, from the request to the pages.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::compare::assert_compared;
use crate::house::House;
use crate::tiny_model::NAME;

#[tokio::test(flavor = "multi_thread")]
async fn a_ratio_is_pruned_then_quantized_and_measured_as_one_variant() {
    let house = House::with_model().await;
    house.settled_library().await;
    let body = json!({
        "pruning_ratio": 0.3, "then_quantize": "q8_0", "test_queries": ["hello", "what is it"],
        "iterations": 2, "max_tokens": 12,
    });
    let (status, answer) = house.post("/api/benchmark/pruning", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["then_quantize"], "q8_0");
    assert_eq!(answer["model_name"], format!("{NAME}-pruned-30%-q8_0"));
    assert_eq!(answer["pruning_ratio"], 0.3);
    assert_compared(&answer);

    let path = format!("/api/runs/{}", answer["run_id"]);
    let (_, run) = house.get(&path).await;
    let arms = run["arms"].as_array().expect("arms");
    assert_eq!(arms.len(), 2, "the pruned model alone is none");
    let [base, made] = [0, 1].map(|arm| &arms[arm]["model"]);
    let record = &made["variant"];
    assert_eq!(record["recipe"]["prune"]["ratio"], 0.3);
    assert_eq!(record["recipe"]["quantize"]["level"], "q8_0");
    assert_eq!(record["recipe"], run["spec"]["recipes"][0]);
    assert_eq!(record["base"]["sha256"], base["sha256"]);
    assert_eq!(record["tensor_types"][0]["name"], "Q8_0");
    assert_eq!(record["pruning"], answer["pruning"]);
    // The whole file lost more than pruning alone took.
    let pruned = record["pruning"]["cut"]["bytes_after"].as_u64();
    assert!(made["size_bytes"].as_u64() < pruned, "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ratio_is_made_measured_and_compared() {
    let house = House::with_model().await;
    house.settled_library().await;
    let model = house.model_id("llama").await;
    let body = json!({
        "technique": "pruning", "pruning_ratio": 0.3, "test_queries": ["hello", "what is it"],
        "iterations": 2, "max_tokens": 12, "quality": true, "quality_chunks": 2,
    });
    let (status, answer) = house.post("/api/benchmark/pruning", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["technique"], "pruning");
    assert_eq!(answer["pruning_ratio"], 0.3);
    assert_eq!(answer["method"], "width");
    assert_eq!(answer["then_quantize"], Value::Null);
    assert_eq!(answer["model_name"], format!("{NAME}-pruned-30%"));
    assert_eq!(answer["baseline_model_id"], model);
    let achieved = answer["achieved_pruning_ratio"].as_f64().expect("a share");
    assert!((achieved - 0.3).abs() <= 0.01, "{achieved}");
    assert_eq!(answer["pruning"]["cut"]["achieved_pruning_ratio"], achieved);
    assert_compared(&answer);
    let kld = &answer["quality"]["measured"]["mean_kld"]["value"];
    assert!(kld.as_f64().is_some_and(|kld| kld > 0.0), "{answer}");

    let id = answer["run_id"].as_i64().expect("an id");
    let (_, run) = house.get(&format!("/api/runs/{id}")).await;
    let record = &run["arms"][1]["model"]["variant"];
    assert_eq!(record["pruning"], answer["pruning"]);
    let (_, stream) = house.get(&format!("/events/runs/{id}")).await;
    let stream = stream.as_str().expect("a stream");
    assert!(
        stream.contains(r#""name":"pruning","arm":"pruned 30 %""#),
        "{stream}"
    );
    let (_, runs) = house.get("/api/runs?technique=pruning").await;
    assert_eq!(runs.as_array().map(Vec::len), Some(1));
    let (_, table) = house
        .get(&format!("/api/runs/{id}/export?format=csv"))
        .await;
    assert!(
        table
            .as_str()
            .is_some_and(|table| table.contains("pruned-30"))
    );

    let measured = format!(
        "/api/variants/measured?model={}",
        model.as_str().expect("an id")
    );
    let (_, found) = house.get(&measured).await;
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["recipe"]["prune"]["ratio"], 0.3);
    assert_eq!(found[0]["mean_kld"], *kld);
    assert_eq!(found[0]["speed_verdict"], answer["verdicts"]["throughput"]);
    assert_eq!(found[0]["measured_on"]["n_chunks"], 2);

    for page in [format!("/runs/{id}"), "/".to_owned(), "/models".to_owned()] {
        let (_, page) = house.get(&page).await;
        let page = page.as_str().expect("a page");
        for says in ["What was removed where", "Weights of the blocks"] {
            assert!(page.contains(says), "{says} is not on the page");
        }
        assert!(!page.contains("This model no longer answers"));
    }
}
