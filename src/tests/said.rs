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
    assert!(!page(&house, &answer).await.contains("mostly"));
}
