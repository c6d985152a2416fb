//! Workers that die, hang or talk nonsense, and models that they refuse.

use std::path::Path;
use std::time::Duration;
#[cfg(target_os = "linux")]
use std::time::Instant;

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::backend::{Deadlines, Grant, WorkerError, WorkerLauncher};
use whittle::domain::protocol::WorkerCommand;

use crate::house::{House, message};
use crate::workers::{STARTED, fake_workers};
#[cfg(target_os = "linux")]
use crate::workers::{kill, worker_of};
use crate::{one_worker, tiny_model};

#[cfg(target_os = "linux")]
fn long() -> Value {
    json!({"test_queries": ["hello"], "iterations": 100, "max_tokens": 1000})
}

/// Runs with a worker that a script plays, and returns the failure.
async fn failure_of(script: &str) -> Value {
    let house = House::with_workers(fake_workers(script)).await;
    let (status, answer) = house
        .post("/api/benchmark/baseline", &json!({"iterations": 1}))
        .await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
    assert_eq!(answer["error"]["code"], "run_failed");
    let run = house.wait_for(1, "failed").await;
    assert!(message(&answer).contains(run["failure"]["message"].as_str().expect("a message")));
    run["failure"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_aborts_fails_the_run_with_its_last_words() {
    let failure = failure_of(&format!(
        "{STARTED} read line; echo 'GGML_ASSERT(x) failed' >&2; kill -ABRT $$"
    ))
    .await;
    assert_eq!(failure["kind"], "worker_crashed");
    assert!(
        failure["message"]
            .as_str()
            .is_some_and(|m| m.contains("SIGABRT")),
        "{failure}"
    );
    assert_eq!(failure["log_tail"][0], "GGML_ASSERT(x) failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hangs_is_ended_and_its_last_words_are_kept() {
    let hangs = format!("{STARTED} read line; echo 'still loading' >&2; exec sleep 60");
    let failure = failure_of(&hangs).await;
    assert_eq!(failure["kind"], "worker_hung");
    assert_eq!(failure["log_tail"], json!(["still loading"]));
}

/// A run waited for it until it was cancelled.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_reading_is_ended() {
    let launcher = fake_workers(&format!("{STARTED} exec sleep 60"));
    let mut worker = one_worker::start(&launcher, Grant::default()).await;
    // More than a pipe holds.
    let command = WorkerCommand::Load(one_worker::load("x".repeat(1 << 20)));
    let asked = worker.ask(&command, "loading", |_| ());
    let asked = tokio::time::timeout(Duration::from_secs(20), asked).await;
    let error = asked
        .expect("it is given up")
        .expect_err("it never answers");
    assert!(matches!(error, WorkerError::Hung { .. }), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_go_is_killed() {
    let launcher = fake_workers(&format!("{STARTED} exec sleep 60"));
    let worker = one_worker::start(&launcher, Grant::default()).await;
    let process = Path::new("/proc").join(worker.pid().to_string());
    assert!(process.exists());
    let stopped = tokio::time::timeout(Duration::from_secs(20), worker.stop());
    stopped.await.expect("it is not waited for");
    assert!(!process.exists(), "it lives on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_terminal_would_act_on_is_in_no_failure() {
    let failed = r#"{"event":"failed","kind":"compute","message":"no \u001b[2J"}"#;
    // The log comes through a pipe of its own.
    let script = format!(
        r"{STARTED} read line; printf 'log \033[2J\n' >&2; sleep 0.3; printf '%s\n' '{failed}'; read line"
    );
    let failure = failure_of(&script).await;
    let message = failure["message"].as_str().expect("a message");
    assert!(message.ends_with("no \u{fffd}[2J"), "{failure}");
    assert_eq!(failure["log_tail"][0], "log \u{fffd}[2J");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_never_starts_to_speak_is_ended() {
    assert_eq!(failure_of("exec sleep 60").await["kind"], "worker_hung");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_talks_nonsense_is_ended() {
    let failure = failure_of(&format!(
        "{STARTED} read line; echo 'llama says hi'; exec sleep 60"
    ))
    .await;
    assert_eq!(failure["kind"], "worker_protocol");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_goes_without_a_word_is_named() {
    let failure = failure_of(&format!("{STARTED} read line; exit 3")).await;
    assert_eq!(failure["kind"], "worker_crashed");
    assert!(
        failure["message"]
            .as_str()
            .is_some_and(|m| m.contains("code 3")),
        "{failure}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn after_a_killed_worker_the_next_run_works() {
    let house = House::with_model().await;
    let (_, run) = house.post("/api/runs", &long()).await;
    let id = run["id"].as_i64().expect("an id");
    kill(worker_of(&house).await);
    let run = house.wait_for(id, "failed").await;
    assert_eq!(run["failure"]["kind"], "worker_crashed");
    assert!(
        run["failure"]["message"]
            .as_str()
            .is_some_and(|m| m.contains("SIGKILL")),
        "{run}"
    );
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_worker_that_hung_the_next_run_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let once = folder.path().join("once").display().to_string();
    let works = format!(
        "exec '{}' worker \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_whittle")
    );
    let hangs = format!("touch '{once}'; {STARTED} exec sleep 60");
    let script = format!("if [ -e '{once}' ]; then {works}; fi; {hangs}");
    let house = House::with_workers(WorkerLauncher {
        deadlines: Deadlines {
            // For the one that works, beside other tests.
            compute: Duration::from_secs(5),
            ..Deadlines::default()
        },
        ..fake_workers(&script)
    })
    .await;
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4, "n_threads": 1});
    house.post("/api/benchmark/baseline", &body).await;
    let run = house.wait_for(1, "failed").await;
    assert_eq!(run["failure"]["kind"], "worker_hung", "{run}");
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn cancelling_ends_the_worker_within_a_second() {
    let house = House::with_model().await;
    let (_, run) = house.post("/api/runs", &long()).await;
    let (_, waiting) = house.post("/api/runs", &long()).await;
    let worker = worker_of(&house).await;
    let start = Instant::now();
    let (status, ended) = house
        .post("/api/runs/cancel", &json!({"id": waiting["id"]}))
        .await;
    assert_eq!(
        (status, &ended["status"]),
        (StatusCode::OK, &json!("cancelled"))
    );
    let (_, ended) = house
        .post("/api/runs/cancel", &json!({"id": run["id"]}))
        .await;
    assert_eq!(ended["status"], "cancelled");
    while std::fs::read_to_string(format!("/proc/{worker}/cmdline")).is_ok_and(|c| !c.is_empty()) {
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "the worker lives on"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Once more changes nothing; an unknown run is said.
    let (_, again) = house
        .post("/api/runs/cancel", &json!({"id": run["id"]}))
        .await;
    assert_eq!(again["status"], "cancelled");
    let (status, _) = house.post("/api/runs/cancel", &json!({"id": 99})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_crashes_names_its_signal() {
    let failure = failure_of(&format!("{STARTED} read line; kill -SEGV $$")).await;
    assert_eq!(failure["kind"], "worker_crashed");
    let message = failure["message"].as_str().expect("a message");
    assert!(message.contains("SIGSEGV"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_native_code_refuses_fails_its_run() {
    let house = House::with_model().await;
    // A header that passes, of an architecture that llama.cpp does not know.
    let path = house.models().join("strange.gguf");
    std::fs::write(&path, tiny_model::bytes("nosuch")).expect("a file");
    let id = house.model_id("nosuch").await;
    let body = json!({"model": id, "iterations": 1});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer["error"]["code"], "model_not_usable");
    let (_, run) = house.get("/api/runs/1").await;
    assert_eq!(run["failure"]["kind"], "model_not_usable", "{run}");
}
