//! Comparisons that are cancelled, or whose worker is killed.

use std::time::Duration;

use serde_json::json;

use crate::house::House;
#[cfg(target_os = "linux")]
use crate::workers::{kill, workers_of};

#[tokio::test(flavor = "multi_thread")]
async fn two_arms_are_cancelled_at_every_stage() {
    let house = House::with_model().await;
    for wait in [0, 40, 200, 500] {
        let body = json!({"test_queries": ["hello"], "max_tokens": 500, "iterations": 20});
        let (_, run) = house.post("/api/noise", &body).await;
        let id = run["id"].as_i64().expect("an id");
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let (_, ended) = house.post("/api/runs/cancel", &json!({"id": id})).await;
        assert_eq!(ended["status"], "cancelled", "{ended}");
    }
    #[cfg(target_os = "linux")]
    assert_eq!(workers_of(&house), [0; 0], "a worker lives on");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_of_two_is_named_by_its_arm() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello"], "max_tokens": 1000, "iterations": 20});
    let (_, run) = house.post("/api/noise", &body).await;
    let id = run["id"].as_i64().expect("an id");
    let mut workers = Vec::new();
    while workers.len() < 2 {
        workers = workers_of(&house);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    workers.into_iter().for_each(kill);
    let run = house.wait_for(id, "failed").await;
    let said = run["failure"]["message"].as_str().expect("a message");
    assert!(
        said.starts_with("baseline") && said.contains("SIGKILL"),
        "{said}"
    );
    assert_eq!(run["failure"]["kind"], "worker_crashed");
}
