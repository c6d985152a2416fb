//! The user's own texts for quality: kept with the runs that name them, and asked
//! for again by their hash.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::house::{House, message};
use crate::shop::{NO_FILES, files_below};
use crate::tiny_model::{self, Tiny};
use crate::workers::real_workers;

fn asked(text: &str) -> Value {
    json!({
        "recipes": [{"quantize": {"level": "q8_0"}}], "test_queries": ["hello"],
        "iterations": 1, "max_tokens": 4, "quality": true, "quality_chunks": 1,
        "evaluation_text": {"name": "mine.txt", "text": text},
    })
}

fn n_kept(house: &House) -> usize {
    let texts = std::fs::read_dir(house.path().join("data/texts"));
    texts.expect("the folder").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_kept_with_its_run_and_not_without() {
    let house = House::with_model().await;
    let mut refused = asked(&"never measured ".repeat(200));
    refused["model"] = json!("no-such-model");
    let (status, answer) = house.post("/api/runs", &refused).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
    refused["model"] = Value::Null;
    refused["quality"] = json!(false);
    let (status, run) = house.post("/api/runs", &refused).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    assert_eq!(n_kept(&house), 0, "nobody measures on it");

    let (status, run) = house.post("/api/runs", &asked(&"abc ".repeat(400))).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    let id = run["id"].as_i64().expect("an id");
    let run = house.wait_for(id, "done").await;
    assert_eq!(n_kept(&house), 1);

    // Once more, by its name alone.
    let name = &run["spec"]["quality"]["text"];
    let mut again = asked("");
    again
        .as_object_mut()
        .expect("fields")
        .remove("evaluation_text");
    again["kept_text"] = name.clone();
    let (status, second) = house.post("/api/runs", &again).await;
    assert_eq!(status, StatusCode::OK, "{second}");
    let second = house
        .wait_for(second["id"].as_i64().expect("an id"), "done")
        .await;
    assert_eq!(second["spec"]["quality"], run["spec"]["quality"]);
    let perplexity = |run: &Value| run["comparison"]["baseline_perplexity"].clone();
    assert!(perplexity(&run)["measured"].is_object(), "{run}");
    assert_eq!(perplexity(&second), perplexity(&run));
    assert_eq!(n_kept(&house), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_not_there_is_said() {
    let house = House::with_model().await;
    let kept = |sha256: String| json!({"name": "mine.txt", "sha256": sha256});
    let mut both = asked("abc");
    both["kept_text"] = kept("0".repeat(64));
    let named = |sha256: String| {
        let mut body = asked("");
        body.as_object_mut()
            .expect("fields")
            .remove("evaluation_text");
        body["kept_text"] = kept(sha256);
        body
    };
    for (body, says) in [
        (both, "evaluation_text and kept_text are both given"),
        (named("../../etc/passwd".to_owned()), "is no SHA-256"),
        (named("0".repeat(64)), "mine.txt is not kept any more"),
    ] {
        let (status, answer) = house.post("/api/runs", &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(message(&answer).contains(says), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_without_a_chunk_ends_its_run_before_anything_is_made() {
    let house = House::empty(real_workers()).await;
    // More bytes than a chunk has tokens, and two of them in each.
    let tiny = Tiny {
        last_token: Some("aa"),
        ..Tiny::default()
    };
    tiny_model::write_as(&house.models(), "tiny.gguf", tiny);
    let (status, run) = house.post("/api/runs", &asked(&"a".repeat(800))).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    let id = run["id"].as_i64().expect("an id");
    let run = house.wait_for(id, "failed").await;
    let failure = &run["failure"];
    assert_eq!(failure["kind"], "prompt_not_usable", "{run}");
    let said = failure["message"].as_str().expect("a sentence");
    assert!(said.starts_with("the text “mine.txt” has 40"), "{said}");
    assert!(said.contains("one chunk needs 512"), "{said}");
    assert_eq!(files_below(&house.path().join("data/variants")), NO_FILES);
    let (_, stream) = house.get(&format!("/events/runs/{id}")).await;
    let is_measured = stream.as_str().map(|events| events.contains("generating"));
    assert_eq!(is_measured, Some(false), "{stream}");
}
