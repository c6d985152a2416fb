//! Comparisons that are cancelled, or whose worker is killed.

#[cfg(target_os = "linux")]
use std::time::Duration;

use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use whittle::domain::event::{RunEvent, StageName};
use whittle::domain::run::RunId;

use crate::house::House;
#[cfg(target_os = "linux")]
use crate::workers::{kill, workers_of};

/// Returns once the run is in this stage, of whichever iteration.
async fn reached(house: &House, id: i64, stage: StageName) {
    let mut events = house.queue.subscribe(RunId(id)).expect("it is not over");
    loop {
        match events.recv().await.map(|event| event.event) {
            Ok(RunEvent::Stage(now)) if now.name == stage => return,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => panic!("it ended before {stage:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_arms_are_cancelled_at_every_stage() {
    let house = House::with_model().await;
    let stages = [
        StageName::Loading,
        StageName::WarmingUp,
        StageName::Prefill,
        StageName::Generating,
    ];
    // And as soon as it is there.
    for stage in stages.map(Some).into_iter().chain([None]) {
        let body = json!({"test_queries": ["hello"], "max_tokens": 500, "iterations": 20});
        let (_, run) = house.post("/api/noise", &body).await;
        let id = run["id"].as_i64().expect("an id");
        if let Some(stage) = stage {
            reached(&house, id, stage).await;
        }
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
    let both = async {
        loop {
            let workers = workers_of(&house);
            if workers.len() == 2 {
                return workers;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let workers = tokio::time::timeout(Duration::from_secs(60), both).await;
    let workers = workers.expect("two workers");
    workers.into_iter().for_each(kill);
    let run = house.wait_for(id, "failed").await;
    let said = run["failure"]["message"].as_str().expect("a message");
    assert!(
        said.starts_with("baseline") && said.contains("SIGKILL"),
        "{said}"
    );
    assert_eq!(run["failure"]["kind"], "worker_crashed");
}
