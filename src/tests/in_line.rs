//! Runs that wait in line: measured one after the other, as they were asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::house::{House, message};
#[cfg(target_os = "linux")]
use crate::workers::workers_of;

fn long() -> Value {
    json!({"test_queries": ["hello"], "iterations": 100, "max_tokens": 1000})
}

/// The states of all runs at one moment, first of the one that was asked for first.
async fn states(house: &House) -> Vec<String> {
    let (_, runs) = house.get("/api/runs").await;
    let runs = runs.as_array().expect("a list").iter().rev();
    let state = |run: &Value| run["status"].as_str().expect("a state").to_owned();
    runs.map(state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_at_once_are_measured_one_after_the_other() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 400});
    for _ in 0..3 {
        let (status, run) = house.post("/api/runs", &body).await;
        assert_eq!(status, StatusCode::OK, "{run}");
    }
    let mut seen_running = BTreeSet::new();
    // Two minutes, for machines that are busy.
    for _ in 0..12_000 {
        let states = states(&house).await;
        let of = |wanted: &str| states.iter().filter(|state| *state == wanted).count();
        let (done, running) = (of("done"), of("running"));
        assert!(running <= 1, "two are measured at once: {states:?}");
        let order: Vec<&str> = ["done", "running", "queued"]
            .into_iter()
            .flat_map(|state| std::iter::repeat_n(state, of(state)))
            .collect();
        assert_eq!(states, order, "one was overtaken");
        #[cfg(target_os = "linux")]
        assert!(workers_of(&house).len() <= 1, "two workers are up");
        if running == 1 {
            seen_running.insert(done);
        }
        if done == states.len() {
            assert_eq!(seen_running.len(), 3, "each was seen while it was measured");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("they are not over");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_told_the_place_in_line() {
    let house = House::with_model().await;
    for _ in 0..4 {
        house.post("/api/runs", &long()).await;
    }
    house.wait_for(1, "running").await;
    let told = async |id: i64| {
        let (_, run) = house.get(&format!("/api/runs/{id}")).await;
        let (_, page) = house.get(&format!("/runs/{id}")).await;
        let page = page.as_str().expect("a page").to_owned();
        (run["queue_position"].clone(), page)
    };
    for (id, position, words) in [
        (2, 1, "next in line"),
        (3, 2, "number 2 in line"),
        (4, 3, "number 3 in line"),
    ] {
        let (place, page) = told(id).await;
        assert_eq!(place, position);
        assert!(page.contains(words), "{words} is not said of run {id}");
    }
    house.post("/api/runs/cancel", &json!({"id": 3})).await;
    let (place, page) = told(4).await;
    assert_eq!(place, 2);
    assert!(page.contains("number 2 in line"));
    let (place, _) = told(1).await;
    assert_eq!(place, Value::Null, "it does not wait");
    house.queue.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_so() {
    let house = House::with_model().await;
    let body = long();
    let mut refused = None;
    for _ in 0..20 {
        let (status, answer) = house.post("/api/runs", &body).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(message(&answer).to_owned());
            break;
        }
    }
    assert!(refused.expect("at most 16 wait").contains("queue is full"));
    house.queue.shut_down().await;
    let (status, _) = house.post("/api/runs", &body).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let (_, run) = house.get("/api/runs/1").await;
    assert_eq!(run["status"], "interrupted");
}
