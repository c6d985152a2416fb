//! What is judged of variants: changes, quality, answers.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{assert_compared, events, quantity};
use crate::house::House;
use crate::tiny_model::NAME;

#[tokio::test(flavor = "multi_thread")]
async fn a_level_is_made_measured_and_compared() {
    let house = House::with_model().await;
    let body = json!({
        "technique": "quantization", "quantization_level": "q4_0",
        "test_queries": ["hello", "what is it"], "iterations": 3, "max_tokens": 12,
    });
    let (status, answer) = house.post("/api/benchmark/quantization", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["technique"], "quantization");
    assert_eq!(answer["quantization_level"], "q4_0");
    assert_eq!(answer["model_name"], format!("{NAME}-q4_0"));
    assert_compared(&answer);
    assert_eq!(answer["verdicts"]["response_time"]["n_launches"], 3);
    assert_eq!(answer["verdicts"]["model_size"]["verdict"], "better");
    assert_eq!(answer["quality"], Value::Null);
    let id = answer["run_id"].as_i64().expect("an id");
    let (_, run) = house.get(&format!("/api/runs/{id}")).await;
    assert_eq!(answer["comparison"], run["comparison"]);
    for (arm, field) in [(0, "baseline_model_id"), (1, "model_id")] {
        assert_eq!(answer[field], run["arms"][arm]["model"]["id"]);
    }
    // The variant is a model like any other.
    let body = json!({"model": answer["model_id"], "iterations": 1, "max_tokens": 4});
    let (status, alone) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{alone}");
    assert_eq!(alone["model_name"], answer["model_name"]);
    assert_eq!(alone["model_id"], answer["model_id"]);
    let time = quantity(&run, "response_time");
    assert_eq!(
        time["band"],
        json!({"low_percent": -5.0, "high_percent": 5.0, "n_launches": null})
    );
    assert_eq!(quantity(&run, "model_size")["verdict"], "better");
    let making = events(&house, id, "stage").await;
    assert!(
        making
            .iter()
            .any(|stage| stage["name"] == "quantizing" && stage["arm"] == "Q4_0")
    );

    // Two levels, one of which is there already.
    let levels = ["q4_0", "q8_0"].map(|level| json!({"quantize": {"level": level}}));
    let body = json!({
        "model": answer["baseline_model_id"], "recipes": levels, "iterations": 2, "max_tokens": 4,
    });
    let (_, run) = house.post("/api/runs", &body).await;
    let run = house
        .wait_for(run["id"].as_i64().expect("an id"), "done")
        .await;
    assert_eq!(run["arms"].as_array().map(Vec::len), Some(3));
    let recipes: Vec<&Value> = run["comparison"]["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .map(|variant| &variant["recipe"]["quantize"]["level"])
        .collect();
    assert_eq!(recipes, ["q4_0", "q8_0"]);
    let (_, listing) = house.get("/api/runs").await;
    assert_eq!(listing[0]["technique"], "quantization");
    assert_eq!(listing[0]["recipes"][1]["quantize"]["level"], "q8_0");
}

#[tokio::test(flavor = "multi_thread")]
async fn quality_is_answered_beside_the_figures() {
    let house = House::with_model().await;
    let body = json!({
        "quantization_level": "q4_0", "test_queries": ["hello"], "iterations": 1, "max_tokens": 4,
        "quality": true, "quality_chunks": 2,
    });
    let (status, answer) = house.post("/api/benchmark/quantization", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let quality = &answer["quality"]["measured"];
    let value = |figure: &Value| figure["value"].as_f64().expect("a figure");
    assert_eq!(quality["perplexity"]["n_chunks"], 2);
    assert!(value(&quality["mean_kld"]) > 0.0, "{quality}");
    let same = value(&quality["same_top_token"]);
    assert!((0.0..=1.0).contains(&same), "{quality}");
    let variant = &answer["comparison"]["variants"][0];
    assert_eq!(variant["quality"], answer["quality"]);
    assert_eq!(variant["answers"].as_array().map(Vec::len), Some(1));
    let baseline = &answer["comparison"]["baseline_perplexity"]["measured"];
    let [baseline, own] = [baseline, &quality["perplexity"]].map(|one| value(&one["perplexity"]));
    let ln_ratio = value(&quality["ln_perplexity_ratio"]);
    assert!((ln_ratio - (own / baseline).ln()).abs() < 1e-9, "{quality}");
    // Two chunks do not tell whether it differs.
    let id = answer["run_id"].as_i64().expect("an id");
    let (_, page) = house.get(&format!("/runs/{id}")).await;
    let page = page.as_str().expect("a page");
    assert!(page.contains("undecided: needs more text"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_for_quality_is_kept_and_named_in_the_run() {
    let house = House::with_model().await;
    let text = "abc ".repeat(200);
    let body = json!({
        "recipes": [{"quantize": {"level": "q8_0"}}], "iterations": 1, "max_tokens": 4,
        "quality": true, "quality_chunks": 2,
        "evaluation_text": {"name": "my text.txt", "text": text},
    });
    let (status, run) = house.post("/api/runs", &body).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    let quality = &run["spec"]["quality"];
    assert_eq!(quality["n_chunks"], 2);
    assert_eq!(quality["text"]["name"], "my text.txt");
    let sha256 = quality["text"]["sha256"].as_str().expect("a hash");
    let kept = house.path().join(format!("data/texts/{sha256}.txt"));
    assert_eq!(std::fs::read_to_string(kept).expect("the text"), text);
    assert!(!run.to_string().contains("abc abc"), "the run names it");
    house
        .post("/api/runs/cancel", &json!({"id": run["id"]}))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_right_and_wrong_is_tested_where_answers_are_expected() {
    let house = House::with_model().await;
    let expecting = |regex: &str| json!({"prompt": "hello", "expected": {"regex": regex}});
    let mut body = json!({
        "quantization_level": "q8_0", "iterations": 1, "max_tokens": 4,
        "test_queries": [expecting("(?s)^.*$"), expecting("^no answer says this$"), "what is it"],
    });
    let path = "/api/benchmark/quantization";
    let (status, answer) = house.post(path, &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    // One is always right, one never, one is not judged.
    let test = &answer["comparison"]["variants"][0]["right_answers"];
    assert_eq!(*test, json!({"n_lost": 0, "n_won": 0, "p_value": 1.0}));
    let id = answer["run_id"].as_i64().expect("an id");
    let (_, export) = house.get(&format!("/api/runs/{id}/export")).await;
    let exported = &export["run"]["comparison"]["variants"][0];
    assert_eq!(exported["right_answers"], *test);
    let (_, page) = house.get(&format!("/runs/{id}")).await;
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("No answer became right or wrong."))
    );

    body["test_queries"] = json!(["hello"]);
    let (_, answer) = house.post(path, &body).await;
    let variant = &answer["comparison"]["variants"][0];
    assert!(variant["improvements"].is_array(), "{answer}");
    assert_eq!(variant["right_answers"], Value::Null);
}
