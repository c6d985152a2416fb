//! Runs that end before they are done: what is gone then, and what is kept.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::domain::event::{RunEvent, StageName};
use whittle::domain::run::RunId;
use whittle::machine_lock::MachineLock;

use crate::house::House;
use crate::workers::{STARTED, fake_workers, kill, worker_of};

/// More launches than any test waits for, each of short requests.
fn long() -> Value {
    json!({"test_queries": vec!["hello"; 8], "iterations": 100, "max_tokens": 60})
}

/// Starts a run and returns once it answers a prompt of `iteration`, the second
/// or a later one.
async fn decoding(house: &House, iteration: u32) -> i64 {
    let (_, run) = house.post("/api/runs", &long()).await;
    let id = run["id"].as_i64().expect("an id");
    let mut events = house.queue.subscribe(RunId(id)).expect("it is not over");
    while let Ok(event) = events.recv().await {
        if let RunEvent::Stage(stage) = event.event
            && stage.name == StageName::Generating
            && stage.iteration >= iteration
            && stage.prompt >= Some(2)
        {
            return id;
        }
    }
    panic!("run {id} ended before it came to iteration {iteration}");
}

fn process(id: u32) -> PathBuf {
    Path::new("/proc").join(id.to_string())
}

/// Takes the machine's lock as soon as it is free, and says whether the worker
/// was still there then.
pub fn there_when_free(house: &House, worker: u32) -> JoinHandle<bool> {
    let lock = house.path().join("machine.lock");
    let start = Instant::now();
    std::thread::spawn(move || {
        while start.elapsed() < Duration::from_secs(60) {
            if let Some(_lock) = MachineLock::try_take(&lock).expect("a lock file") {
                return process(worker).exists();
            }
            std::thread::yield_now();
        }
        panic!("the lock was never free");
    })
}

/// The next run could begin beside the worker of the one before.
#[tokio::test(flavor = "multi_thread")]
async fn the_machine_is_free_only_once_a_cancelled_worker_is_gone() {
    let house = House::with_model().await;
    let id = decoding(&house, 1).await;
    let worker = worker_of(&house).await;
    let there = there_when_free(&house, worker);
    let (_, run) = house.post("/api/runs/cancel", &json!({"id": id})).await;
    assert!(!process(worker).exists(), "it outlives the answer");
    assert_eq!(run["status"], "cancelled");
    assert!(!there.join().expect("the lock"), "it outlives the lock");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_is_free_only_once_the_worker_of_a_shutdown_is_gone() {
    let house = House::with_model().await;
    let id = decoding(&house, 1).await;
    let worker = worker_of(&house).await;
    let there = there_when_free(&house, worker);
    house.queue.shut_down().await;
    assert!(!process(worker).exists(), "it outlives the shutdown");
    house.wait_for(id, "interrupted").await;
    assert!(!there.join().expect("the lock"), "it outlives the lock");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_is_free_only_once_a_failed_worker_is_gone() {
    // It talks nonsense, it hangs; it goes on in both cases.
    for last_words in ["echo 'llama says hi';", ""] {
        let script = format!("{STARTED} read line; sleep 0.5; {last_words} read line");
        let house = House::with_workers(fake_workers(&script)).await;
        house.post("/api/runs", &json!({"iterations": 1})).await;
        let worker = worker_of(&house).await;
        let there = there_when_free(&house, worker);
        house.wait_for(1, "failed").await;
        assert!(!process(worker).exists(), "it outlives its run");
        assert!(!there.join().expect("the lock"), "it outlives the lock");
    }
}

/// The export of a run that was ended in its second launch by `end`.
async fn export_after(house: &House, status: &str, end: impl AsyncFnOnce(i64)) -> Value {
    let id = decoding(house, 2).await;
    end(id).await;
    house.wait_for(id, status).await;
    let (code, export) = house
        .get(&format!("/api/runs/{id}/export?format=json"))
        .await;
    assert_eq!(code, StatusCode::OK, "{export}");
    export
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_until_a_run_ended_is_exported_raw() {
    let house = House::with_model().await;
    let (_, schema) = house.get("/api/runs/export.schema.json").await;
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let cancelled = export_after(&house, "cancelled", async |id| {
        house.post("/api/runs/cancel", &json!({"id": id})).await;
    });
    let failed = export_after(&house, "failed", async |id| {
        // A launch is short: its worker may be gone before it is killed.
        while house.queue.job(RunId(id)).is_some() {
            kill(worker_of(&house).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    for export in [cancelled.await, failed.await] {
        let faults: Vec<String> = validator
            .iter_errors(&export)
            .map(|e| e.to_string())
            .collect();
        assert_eq!(faults, [""; 0]);
        assert_eq!(export["run"]["arms"], json!([]), "no figures of a part");
        assert_eq!(export["launches"][0]["iteration"], 1);
        assert!(export["launches"][0]["prefill"]["elapsed_s"].is_number());

        let requests = export["requests"].as_array().expect("requests");
        let (_, events) = house
            .get(&format!("/events/runs/{}", export["run"]["id"]))
            .await;
        let n_told = events
            .as_str()
            .map(|e| e.matches(r#""type":"sample""#).count());
        assert!(requests.len() >= 3, "{} requests", requests.len());
        assert_eq!(Some(requests.len()), n_told, "each that was told of");
        for request in requests {
            let gaps = request["generation"]["token_gaps_ns"].as_array();
            assert_eq!(gaps.map(Vec::len), Some(59), "{request}");
        }
    }
}
