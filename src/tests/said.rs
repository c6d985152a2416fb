//! What a comparison says beside its figures: what files really hold, what times
//! are for, and whom a warning is of.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::house::House;

async fn quantized(house: &House, level: &str, more: Value) -> Value {
    let mut body = json!({
        "quantization_level": level, "test_queries": ["hello", "what is it"],
        "iterations": 1, "max_tokens": 8,
    });
    let fields = more.as_object().expect("fields").clone();
    body.as_object_mut().expect("fields").extend(fields);
    let (status, answer) = house.post("/api/benchmark/quantization", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

async fn page(house: &House, run: &Value) -> String {
    let path = format!("/runs/{}", run["run_id"]);
    let (_, page) = house.get(&path).await;
    page.as_str().expect("a page").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_is_called_by_what_its_file_holds() {
    let house = House::with_model().await;
    let answer = quantized(&house, "q4_k_m", json!({})).await;
    assert_eq!(answer["mostly"], "Q5_0");
    assert_eq!(answer["comparison"]["variants"][0]["mostly"], "Q5_0");
    let said = page(&house, &answer).await;
    assert!(said.contains("Q4_K_M (mostly Q5_0)"));
    assert!(said.contains("13 tensors are Q5_0 instead of Q4_K"));

    let answer = quantized(&house, "q8_0", json!({})).await;
    assert_eq!(answer["mostly"], Value::Null);
    assert!(!page(&house, &answer).await.contains("(mostly"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_of_the_run_is_of_no_arm_and_one_of_an_arm_names_it() {
    let house = House::with_model().await;
    // Longer than the model was trained for: true of both.
    let answer = quantized(&house, "q4_k_m", json!({"n_ctx": 4096})).await;
    let (_, run) = house.get(&format!("/api/runs/{}", answer["run_id"])).await;
    let of_run = run["comparison"]["warnings"].as_array().expect("warnings");
    let is_said = |said: &Value, words: &str| said.as_str().is_some_and(|s| s.contains(words));
    assert!(
        of_run.iter().any(|said| is_said(said, "context of 4096")),
        "{run}"
    );
    for arm in run["arms"].as_array().expect("arms") {
        let said = arm["warnings"].as_array().expect("warnings");
        assert!(
            !said.iter().any(|said| is_said(said, "context of")),
            "{arm}"
        );
    }
    let said = answer["warnings"].as_array().expect("warnings");
    let starts = |words: &str| {
        let said = said.iter().filter_map(Value::as_str);
        said.into_iter().any(|said| said.starts_with(words))
    };
    assert!(starts("The context of 4096 tokens"), "{answer}");
    assert!(starts("Q4_K_M (mostly Q5_0): 13 tensors"), "{answer}");
    let page = page(&house, &answer).await;
    assert!(page.contains("The context of 4096") && !page.contains("baseline: The context"));

    // A run of one arm says both of it.
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4, "n_ctx": 4096});
    let (_, answer) = house.post("/api/benchmark/baseline", &body).await;
    let (_, run) = house.get(&format!("/api/runs/{}", answer["run_id"])).await;
    let said = run["arms"][0]["warnings"].as_array().expect("warnings");
    assert!(
        said.iter().any(|said| is_said(said, "context of 4096")),
        "{run}"
    );
}
