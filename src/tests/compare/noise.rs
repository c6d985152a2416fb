//! A model against itself: what its noise is, and what is judged by it.

use serde_json::{Value, json};

use super::{noise_launches, noise_run, quantity};
use crate::house::House;

/// A model against itself takes no variant.
fn noise() -> Value {
    json!({"test_queries": ["hello", "what is it"], "max_tokens": 12})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_measured_against_itself_and_judged_by_it() {
    let house = House::with_model().await;
    let run = noise_run(&house, &noise()).await;
    assert_eq!(run["technique"], "noise");
    assert_eq!(run["arms"].as_array().map(Vec::len), Some(2));
    for arm in run["arms"].as_array().expect("arms") {
        let speed = &arm["tokens_per_second"]["measured"];
        assert_eq!(speed["n_launches"], 10, "{arm}");
        assert_eq!(arm["answers"][0]["n_generated"], 12);
    }
    assert_eq!(run["arms"][0]["answers"], run["arms"][1]["answers"]);
    assert_eq!(run["comparison"]["blocks"], Value::Null);
    let all = run["comparison"]["variants"][0]["improvements"].as_array();
    assert_eq!(all.map(Vec::len), Some(11));
    let time = quantity(&run, "response_time");
    let change = &time["change"]["measured"];
    assert_eq!(change["n_launches"], 10);
    assert!(change["low_percent"].as_f64() < change["high_percent"].as_f64());
    // What it showed against itself is known by now, and kept.
    assert_eq!(time["band"]["n_launches"], noise_launches(&run), "{time}");
    assert!(time["verdict"].is_string());
    let size = quantity(&run, "model_size");
    assert_eq!(size["change"]["measured"]["improvement_percent"], 0.0);
    assert_eq!(size["verdict"], "no_measurable_difference");
    assert_eq!(size["band"], Value::Null);
    // 220 gaps: enough for P95, not for P99.
    assert!(quantity(&run, "token_latency_p95")["change"]["measured"].is_object());
    let p99 = quantity(&run, "token_latency_p99")["change"]["not_measured"].clone();
    assert_eq!(p99, "it needs 662 gaps between tokens, has 220");

    // The same model measured otherwise is another matter.
    let other = json!({"test_queries": ["hello"], "max_tokens": 6, "iterations": 11});
    let other = noise_run(&house, &other).await;
    let band = &quantity(&other, "response_time")["band"];
    assert_eq!(band["n_launches"], noise_launches(&other));
    let (_, dashboard) = house.get("/api/dashboard").await;
    assert_eq!(dashboard["latest"], json!([]), "nobody asked for a result");
}
