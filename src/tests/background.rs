//! What is measured unasked: only while the machine is idle, only until anybody
//! needs it, and only where the user lets it.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::machine_lock::MachineLock;
use whittle::server::Idleness;

use crate::compare::{noise_launches, quantity};
use crate::house::House;

/// A machine that always counts as quiet, and is looked at all the time: tests
/// run beside others.
const ALWAYS: Idleness = Idleness {
    interval: INTERVAL,
    load_limit: f64::INFINITY,
};
const INTERVAL: Duration = Duration::from_millis(50);

/// Long enough for whoever would start something to have started it.
async fn some_intervals() {
    tokio::time::sleep(20 * INTERVAL).await;
}

/// A comparison whose verdicts rest on assumed noise.
async fn compared(house: &House) -> i64 {
    let body = json!({
        "recipes": [{"quantize": {"level": "q8_0"}}], "test_queries": ["hello"],
        // One thread: two that wait for each other crawl beside other tests.
        "iterations": 1, "max_tokens": 4, "n_threads": 1,
    });
    let (status, run) = house.post("/api/runs", &body).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    let id = run["id"].as_i64().expect("an id");
    house.wait_for(id, "done").await;
    id
}

async fn noise_runs(house: &House) -> Vec<Value> {
    let (_, runs) = house.get("/api/runs?technique=noise").await;
    runs.as_array().expect("a list").clone()
}

/// The run that is being measured unasked, once there is one.
async fn unasked(house: &House) -> i64 {
    for _ in 0..2400 {
        let (_, dashboard) = house.get("/api/dashboard").await;
        if let Some(id) = dashboard["background"]["run"].as_i64() {
            assert_eq!(dashboard["active"], json!([]), "it leaves the forms alone");
            house.wait_for(id, "running").await;
            return id;
        }
        tokio::time::sleep(INTERVAL).await;
    }
    panic!("nothing is measured unasked");
}

async fn is_gone(house: &House, id: i64) {
    for _ in 0..2400 {
        if house.get(&format!("/api/runs/{id}")).await.0 == StatusCode::NOT_FOUND {
            return;
        }
        tokio::time::sleep(INTERVAL).await;
    }
    panic!("run {id} has left a trace");
}

/// Launches behind the noise that a comparison is judged by.
async fn n_launches(house: &House, id: i64) -> Value {
    let (_, run) = house.get(&format!("/api/runs/{id}")).await;
    quantity(&run, "response_time")["band"]["n_launches"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_is_measured_while_nobody_asks_and_verdicts_rest_on_it() {
    let house = House::in_background(ALWAYS).await;
    some_intervals().await;
    assert_eq!(
        noise_runs(&house).await,
        [Value::Null; 0],
        "nothing was compared yet"
    );
    let id = compared(&house).await;
    let noise = unasked(&house).await;
    let run = house.wait_for(noise, "done").await;
    assert_eq!(n_launches(&house, id).await, noise_launches(&run));
    assert_eq!(run["technique"], "noise");
    let note = run["note"].as_str().expect("a note");
    assert!(note.contains("by Whittle itself"), "{note}");
    // Once is enough.
    some_intervals().await;
    assert_eq!(noise_runs(&house).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_asked_for_ends_it_at_once_and_nothing_of_it_stays() {
    let house = House::in_background(ALWAYS).await;
    let id = compared(&house).await;
    let noise = unasked(&house).await;
    let short = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &short).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    is_gone(&house, noise).await;
    assert_eq!(
        n_launches(&house, id).await,
        Value::Null,
        "it is still assumed"
    );

    // It is tried again afterwards, until the user says no.
    let again = unasked(&house).await;
    assert_ne!(again, noise);
    let off = json!({"is_on": false});
    let (status, background) = house.post("/api/background", &off).await;
    assert_eq!(status, StatusCode::OK, "{background}");
    let is_off = json!({"is_on": false, "is_allowed": true, "run": null});
    assert_eq!(background, is_off);
    is_gone(&house, again).await;
    some_intervals().await;
    assert_eq!(noise_runs(&house).await, [Value::Null; 0]);
    let (_, about) = house.get("/api/about").await;
    assert_eq!(about["background"], is_off, "it is kept");
    let (_, page) = house.get("/settings").await;
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("Measure models against themselves"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_gives_way_to_another_whittle_and_waits_for_none() {
    let house = House::in_background(ALWAYS).await;
    let id = compared(&house).await;
    let noise = unasked(&house).await;
    // Another that measures, or reads a new model.
    let lock = house.path().join("machine.lock");
    let held = MachineLock::take(&lock).await.expect("the machine");
    is_gone(&house, noise).await;
    assert_eq!(n_launches(&house, id).await, Value::Null);
    some_intervals().await;
    assert_eq!(
        noise_runs(&house).await,
        [Value::Null; 0],
        "somebody measures"
    );
    drop(held);
    unasked(&house).await;
    house.queue.shut_down().await;
    assert_eq!(
        noise_runs(&house).await,
        [Value::Null; 0],
        "nothing is interrupted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_machine_and_one_that_may_not_are_left_alone() {
    let busy = Idleness {
        load_limit: -1.0,
        ..ALWAYS
    };
    let busy = House::in_background(busy).await;
    let never = House::with_model().await;
    for (house, is_allowed) in [(&busy, true), (&never, false)] {
        compared(house).await;
        some_intervals().await;
        assert_eq!(noise_runs(house).await, [Value::Null; 0]);
        let (_, about) = house.get("/api/about").await;
        let expected = json!({"is_on": true, "is_allowed": is_allowed, "run": null});
        assert_eq!(about["background"], expected);
    }
    let (_, page) = never.get("/settings").await;
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("--no-background"))
    );
}
