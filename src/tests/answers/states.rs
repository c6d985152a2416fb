//! What depends on the queue, and on how much is kept.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::{MEASURING, WAITED_FOR, for_path, history, long, set};
use crate::house::House;
use crate::witness::Witness;

pub async fn see(witness: &mut Witness, house: &House) {
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 199)
         INSERT INTO prompt_sets (name, prompts_json) SELECT i, '[\"hello\"]' FROM n",
    )
    .execute(&mut history(house).await)
    .await
    .expect("many sets");
    let (status, _) = witness.post(house, "/api/prompt-sets", &set("more")).await;
    assert_eq!(status, StatusCode::CONFLICT);

    let (_, running) = witness.post(house, "/api/runs", &long()).await;
    let id = json!({"id": running["id"]});
    let (status, _) = witness.post(house, "/api/runs/delete", &id).await;
    assert_eq!(status, StatusCode::CONFLICT);
    // Another process's run: not in this queue, and not over.
    sqlx::query("UPDATE runs SET status = 'running' WHERE id = 2")
        .execute(&mut history(house).await)
        .await
        .expect("it is changed");
    let (status, _) = witness
        .post(house, "/api/runs/cancel", &json!({"id": 2}))
        .await;
    assert_eq!(status, StatusCode::CONFLICT);

    let running = running["id"].as_i64().expect("an id");
    for (next, measured) in (running + 1..).zip(WAITED_FOR) {
        let cancelled = async {
            let path = format!("/api/runs/{next}");
            while house.get(&path).await.0 != StatusCode::OK {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            house.post("/api/runs/cancel", &json!({"id": next})).await
        };
        let body = for_path(measured, long());
        let ((status, _), _) = tokio::join!(witness.post(house, measured, &body), cancelled);
        assert_eq!(status, StatusCode::CONFLICT);
    }

    let mut status = StatusCode::OK;
    for _ in 0..20 {
        status = witness.post(house, "/api/runs", &long()).await.0;
    }
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    for path in MEASURING {
        let body = for_path(path, long());
        assert_eq!(witness.post(house, path, &body).await.0, status);
    }
    house.queue.shut_down().await;
    for path in MEASURING {
        let body = for_path(path, long());
        let (status, _) = witness.post(house, path, &body).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
