//! Models that go or change while Whittle knows them.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::backend::Grant;
use whittle::domain::protocol::{LoadCommand, WorkerCommand, WorkerEvent};

use crate::house::{House, message};
use crate::one_worker::{load, reading, start};
use crate::shop::Shop;
use crate::tiny_model;
use crate::workers::real_workers;

fn long() -> Value {
    json!({"test_queries": ["hello"], "iterations": 100, "max_tokens": 1000})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_vanishes_in_the_queue_fails_its_run() {
    let house = House::with_model().await;
    let (_, first) = house.post("/api/runs", &long()).await;
    let (_, second) = house.post("/api/runs", &long()).await;
    std::fs::remove_file(house.models().join("tiny.gguf")).expect("the model is there");
    house
        .post("/api/runs/cancel", &json!({"id": first["id"]}))
        .await;
    let run = house
        .wait_for(second["id"].as_i64().expect("an id"), "failed")
        .await;
    assert_eq!(run["failure"]["kind"], "model_changed");
    assert!(
        run["failure"]["message"]
            .as_str()
            .is_some_and(|m| m.contains("tiny.gguf")),
        "{run}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_was_listed_and_is_gone_is_not_found() {
    let house = House::with_model().await;
    let id = house.model_id("llama").await;
    fs::remove_file(house.models().join("tiny.gguf")).expect("the model is there");
    for path in ["/api/runs", "/api/benchmark/baseline"] {
        let (status, answer) = house.post(path, &json!({"model": id})).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
        let said = format!("no model {} is in the library", id.as_str().expect("an id"));
        assert!(message(&answer).contains(&said), "{answer}");
    }
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_cut_or_replaced_during_a_run_fails_it() {
    let cut = |path: &Path| {
        let file = fs::File::options()
            .write(true)
            .open(path)
            .expect("the model");
        file.set_len(1000).expect("it can be cut");
    };
    let replace = |path: &Path| {
        let other = path.with_extension("new");
        fs::write(&other, tiny_model::bytes("llama")).expect("a file");
        fs::rename(other, path).expect("it can be replaced");
    };
    let changes: [&dyn Fn(&Path); 3] = [&cut, &cut, &replace];
    for (change, mmap) in changes.into_iter().zip([false, true, false]) {
        let house = House::with_model().await;
        // One thread: two that wait for each other crawl beside other tests.
        let body = json!({
            "test_queries": ["hello"], "iterations": 3, "max_tokens": 1000, "n_threads": 1,
            "mmap": mmap,
        });
        let (_, run) = house.post("/api/runs", &body).await;
        let id = run["id"].as_i64().expect("an id");
        house.wait_for(id, "running").await;
        change(&house.models().join("tiny.gguf"));
        let run = house.wait_for(id, "failed").await;
        assert_eq!(run["failure"]["kind"], "model_changed", "{run}");
    }
}

/// The pages of a mapped file go with its end, from under whoever reads them.
#[tokio::test(flavor = "multi_thread")]
async fn a_mapped_model_that_is_cut_ends_its_worker_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let mut worker = start(&real_workers(), reading(&model)).await;
    let load = WorkerCommand::Load(LoadCommand {
        mmap: true,
        ..load(Grant::model_path(&model))
    });
    let loaded = worker.ask(&load, "loading", |_| ()).await;
    assert!(matches!(loaded, Ok(WorkerEvent::Loaded(_))), "{loaded:?}");
    let file = fs::File::options().write(true).open(&model);
    let cut = file.expect("the model").set_len(1000);
    cut.expect("it can be cut");
    let prefill = WorkerCommand::Prefill { n_tokens: 8 };
    let answer = worker.ask(&prefill, "reading", |_| ()).await;
    let error = answer.expect_err("its weights are gone").to_string();
    let signal = match cfg!(target_os = "linux") {
        true => "SIGBUS",
        false => "signal",
    };
    assert!(error.contains(signal), "{error}");
}

/// What was checked at a path need not be what lies there when its run begins.
#[test]
fn the_file_of_a_run_is_checked_through_the_descriptor_that_is_read() {
    let shop = Shop::new();
    let located = &shop.located;
    assert!(matches!(located.open(), Ok(Some(_))));
    let options = File::options().read(true).write(true).open(&located.path);
    let mut file = options.expect("the model");
    let modified = file.metadata().and_then(|now| now.modified());
    file.write_all(b"GGUX").expect("it is damaged");
    // By its size, number and time it is the same.
    file.set_modified(modified.expect("a time"))
        .expect("a time");
    let refused = located.open().expect_err("it is no model");
    assert!(refused.to_string().contains("not a GGUF file"), "{refused}");
    file.set_len(100).expect("it is cut");
    assert!(matches!(located.open(), Ok(None)));
}
