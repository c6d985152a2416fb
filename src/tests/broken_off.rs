//! Comparisons that are cancelled, or whose worker is killed, while a variant is
//! being written or pruned, or quality is measured: nothing half made stays, the run says
//! why it ended, and the next one works.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use whittle::domain::event::RunEvent;
use whittle::domain::run::RunId;

use crate::house::House;
use crate::shop::{NO_FILES, files_below};
use crate::tiny_model::{self, Tiny};
use crate::workers::{real_workers, worker_of, workers_of};

/// A type whose blocks are searched: it takes the longest to write.
const SLOW_LEVEL: &str = "iq4_nl";

/// A house with a model whose vocabulary is large, so that writing a variant
/// takes a while.
async fn house_with_wide_model() -> House {
    let house = House::empty(real_workers()).await;
    let wide = Tiny {
        n_tokens: 60_000,
        ..Tiny::default()
    };
    tiny_model::write_as(&house.models(), "wide.gguf", wide);
    house.settled_library().await;
    house
}

/// A house with a model that takes a while to prune.
async fn house_with_deep_model() -> House {
    let house = House::empty(real_workers()).await;
    let deep = Tiny {
        n_blocks: 4,
        n_ff: 1024,
        ..Tiny::default()
    };
    tiny_model::write_as(&house.models(), "deep.gguf", deep);
    house.settled_library().await;
    house
}

fn comparison(level: &str) -> Value {
    with(&json!({"quantize": {"level": level}}))
}

fn with_pruned() -> Value {
    with(&json!({"prune": {"ratio": 0.29}}))
}

fn with(recipe: &Value) -> Value {
    json!({
        "recipes": [recipe], "test_queries": ["hello"],
        "iterations": 1, "max_tokens": 4, "n_threads": 1,
    })
}

async fn start(house: &House, body: &Value) -> i64 {
    let (status, run) = house.post("/api/runs", body).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    run["id"].as_i64().expect("an id")
}

fn send(signal: Signal, worker: u32) {
    let pid = i32::try_from(worker).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), signal).expect("it gets the signal");
}

/// Starts a comparison and holds its worker while it writes the variant.
async fn held_while_quantizing(house: &House) -> (i64, u32) {
    held_once_begun(house, &comparison(SLOW_LEVEL), "variant.gguf").await
}

/// Starts a comparison and holds its worker once new weights are being kept.
async fn held_while_pruning(house: &House) -> (i64, u32) {
    held_once_begun(house, &with_pruned(), "scratch/weights.bin").await
}

/// Starts a comparison and holds its worker once it has begun this file.
async fn held_once_begun(house: &House, body: &Value, file: &str) -> (i64, u32) {
    let making = house.path().join("data/variants/making");
    let is_begun = || files_below(&making).iter().any(|f| f.ends_with(file));
    let id = start(house, body).await;
    for _ in 0..60_000 {
        if is_begun() {
            let worker = worker_of(house).await;
            send(Signal::STOP, worker);
            assert!(is_begun(), "it was written before its worker was held");
            return (id, worker);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("no variant was begun");
}

/// Starts a comparison with quality and returns once chunks are being scored.
async fn scoring(house: &House) -> i64 {
    let mut body = comparison("q8_0");
    body["quality"] = json!(true);
    body["quality_chunks"] = json!(1000);
    let id = start(house, &body).await;
    let mut events = house.queue.subscribe(RunId(id)).expect("it goes on");
    loop {
        match events.recv().await.map(|event| event.event) {
            Ok(RunEvent::Quality(_)) => return id,
            Ok(event) if event.is_terminal() => panic!("it ended too early: {event:?}"),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => panic!("it ended too early"),
        }
    }
}

async fn cancel(house: &House, id: i64) {
    let (status, ended) = house.post("/api/runs/cancel", &json!({"id": id})).await;
    assert_eq!(status, StatusCode::OK, "{ended}");
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(ended["failure"], Value::Null);
    assert_eq!(ended["arms"], json!([]));
}

/// No worker, and of the variants' folder what is named here.
fn left(house: &House) -> Vec<PathBuf> {
    assert!(workers_of(house).is_empty(), "a worker lives on");
    let cache = files_below(&house.path().join("data/cache/making"));
    assert_eq!(cache, NO_FILES);
    files_below(&house.path().join("data/variants"))
}

/// The same again, to its end: the variant is whole.
async fn the_next_works(house: &House, body: &Value) {
    let id = start(house, body).await;
    let run = house.wait_for(id, "done").await;
    assert_eq!(run["arms"].as_array().map(Vec::len), Some(2), "{run}");
    let left = left(house);
    assert_eq!(left.len(), 2, "a variant and what is known of it: {left:?}");
    let is_model = |file: &&PathBuf| file.extension().is_some_and(|end| end == "gguf");
    for file in left.iter().filter(is_model) {
        let size = fs::metadata(file).expect("the variant").len();
        assert_eq!(run["arms"][1]["model"]["size_bytes"], size);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_while_a_variant_is_written_leaves_nothing() {
    let house = house_with_wide_model().await;
    let (id, _) = held_while_quantizing(&house).await;
    cancel(&house, id).await;
    assert_eq!(left(&house), NO_FILES);
    the_next_works(&house, &comparison(SLOW_LEVEL)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_while_a_model_is_pruned_leaves_nothing() {
    let house = house_with_deep_model().await;
    let (id, _) = held_while_pruning(&house).await;
    cancel(&house, id).await;
    assert_eq!(left(&house), NO_FILES);
    the_next_works(&house, &with_pruned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_prunes_leaves_nothing() {
    let house = house_with_deep_model().await;
    let (id, worker) = held_while_pruning(&house).await;
    send(Signal::KILL, worker);
    let said = failed_by_the_kill(&house, id).await;
    assert!(
        said.starts_with("pruned 29 % could not be made: "),
        "{said}"
    );
    the_next_works(&house, &with_pruned()).await;
}

/// What a run says that failed because its worker was killed; nothing is left of it.
async fn failed_by_the_kill(house: &House, id: i64) -> String {
    let run = house.wait_for(id, "failed").await;
    let said = run["failure"]["message"].as_str().expect("a message");
    assert!(said.contains("SIGKILL"), "{said}");
    assert_eq!(run["failure"]["kind"], "worker_crashed");
    assert_eq!(run["comparison"], Value::Null);
    assert_eq!(left(house), NO_FILES);
    said.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_writes_a_variant_leaves_nothing() {
    let house = house_with_wide_model().await;
    let (id, worker) = held_while_quantizing(&house).await;
    send(Signal::KILL, worker);
    let said = failed_by_the_kill(&house, id).await;
    assert!(said.starts_with("IQ4_NL could not be made: "), "{said}");
    the_next_works(&house, &comparison(SLOW_LEVEL)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_while_quality_is_measured_leaves_the_variant_alone() {
    let house = House::with_model().await;
    let id = scoring(&house).await;
    cancel(&house, id).await;
    let variant = left(&house);
    assert_eq!(variant.len(), 2, "{variant:?}");
    the_next_works(&house, &comparison("q8_0")).await;
    assert_eq!(left(&house), variant, "it was made once");
}

/// What was measured before is no worse for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_quality_is_measured_costs_the_quality_alone() {
    let house = House::with_model().await;
    let id = scoring(&house).await;
    send(Signal::KILL, worker_of(&house).await);
    let run = house.wait_for(id, "done").await;
    let variant = &run["comparison"]["variants"][0];
    for reading in [
        &variant["quality"],
        &run["comparison"]["baseline_perplexity"],
    ] {
        let reason = reading["not_measured"].as_str().expect("a reason");
        assert!(
            reason.contains("SIGKILL") && reason.contains("measuring quality"),
            "{reason}"
        );
    }
    assert_eq!(variant["improvements"].as_array().map(Vec::len), Some(11));
    let (_, page) = house.get(&format!("/runs/{id}")).await;
    assert!(page.as_str().is_some_and(|page| page.contains("SIGKILL")));
    the_next_works(&house, &comparison("q8_0")).await;
}
