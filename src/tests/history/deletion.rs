//! Runs that are deleted: hidden, listed, restored, and removed in the end.

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::domain::run::RunId;
use whittle::store::Store;

use super::{history_file, ids, measure, set_time};
use crate::house::{House, message};

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_run_is_hidden_everywhere_and_comes_back() {
    let house = House::with_model().await;
    let id = measure(&house).await;
    let body = json!({"id": id});
    for _ in 0..2 {
        let (status, answer) = house.post("/api/runs/delete", &body).await;
        assert_eq!(
            status,
            StatusCode::OK,
            "deleting twice is harmless: {answer}"
        );
    }
    assert_eq!(ids(&house, "").await, [0; 0]);
    for path in [
        "/api/runs/1",
        "/api/run?id=1",
        "/api/runs/1/export",
        "/events/runs/1",
    ] {
        let (status, answer) = house.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {answer}");
        assert_eq!(answer["error"]["code"], "deleted");
    }
    let (status, _) = house
        .post("/api/runs/label", &json!({"id": id, "name": "x"}))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, dashboard) = house.get("/api/dashboard").await;
    assert_eq!(dashboard["latest"], json!([]));
    assert_eq!(house.get("/api/runs/models").await.1, json!([]));
    let (status, page) = house.get("/runs/1").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(page.as_str().is_some_and(|page| page.contains("Undo")));

    let (status, run) = house.post("/api/runs/restore", &body).await;
    assert_eq!((status, &run["status"]), (StatusCode::OK, &json!("done")));
    assert_eq!(ids(&house, "").await, [id]);
    for path in ["/api/runs/delete", "/api/runs/restore", "/api/runs/label"] {
        let (status, answer) = house.post(path, &json!({"id": 99})).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {answer}");
        assert_eq!(answer["error"]["code"], "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_runs_are_listed_until_they_are_restored() {
    let house = House::with_model().await;
    let (_, page) = house.get("/runs/deleted").await;
    let is_said =
        |page: &Value, words: &str| page.as_str().is_some_and(|page| page.contains(words));
    assert!(is_said(&page, "No deleted run can be restored"));
    for id in 1..=3 {
        assert_eq!(measure(&house).await, id);
    }
    let label = json!({"id": 1, "name": "<script>alert(1)</script>"});
    house.post("/api/runs/label", &label).await;
    for id in [1, 3] {
        house.post("/api/runs/delete", &json!({"id": id})).await;
    }
    set_time(&house, "deleted_at_s", 1, "2026-02-01 10:00:00").await;

    let (status, listed) = house.get("/api/runs/deleted").await;
    assert_eq!(status, StatusCode::OK, "{listed}");
    let ids = |listed: &Value| -> Vec<i64> {
        let listed = listed.as_array().expect("a list").iter();
        listed.filter_map(|one| one["run"]["id"].as_i64()).collect()
    };
    assert_eq!(ids(&listed), [3, 1]);
    assert_eq!(listed[1]["deleted_at"], "2026-02-01T10:00:00Z");
    assert_eq!(listed[1]["kept_until"], "2026-02-08T10:00:00Z");
    assert!(
        listed[1]["run"]["tokens_per_second"].is_number(),
        "{listed}"
    );
    let (_, older) = house.get("/api/runs/deleted?before=3&limit=1").await;
    assert_eq!(ids(&older), [1]);

    let (status, page) = house.get("/runs/deleted").await;
    assert_eq!(status, StatusCode::OK);
    assert!(is_said(&page, "aria-label=\"Restore run 1\"") && is_said(&page, "alert(1)"));
    assert!(!is_said(&page, "<script>alert") && !is_said(&page, "Restore run 2"));
    assert!(is_said(
        &house.get("/runs").await.1,
        "href=\"/runs/deleted\""
    ));

    house.post("/api/runs/restore", &json!({"id": 1})).await;
    assert_eq!(ids(&house.get("/api/runs/deleted").await.1), [3]);
    let (_, page) = house.get("/runs/deleted").await;
    assert!(!is_said(&page, "Restore run 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_goes_on_is_not_deleted() {
    let house = House::with_model().await;
    let long = json!({"test_queries": ["hello"], "iterations": 100, "max_tokens": 1000});
    house.post("/api/runs", &long).await;
    house.post("/api/runs", &long).await;
    house.wait_for(1, "running").await;
    for id in [1, 2] {
        let (status, answer) = house.post("/api/runs/delete", &json!({"id": id})).await;
        assert_eq!(status, StatusCode::CONFLICT, "{answer}");
        assert!(message(&answer).contains("cancel it first"), "{answer}");
        house.post("/api/runs/cancel", &json!({"id": id})).await;
        let (status, _) = house.post("/api/runs/delete", &json!({"id": id})).await;
        assert_eq!(status, StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_deleted_a_week_ago_is_removed_with_all_of_it() {
    let house = House::with_model().await;
    for id in 1..=3 {
        assert_eq!(measure(&house).await, id);
    }
    for (id, days) in [(1, "-8 days"), (2, "-6 days")] {
        house.post("/api/runs/delete", &json!({"id": id})).await;
        sqlx::query("UPDATE runs SET deleted_at_s = unixepoch('now', ?) WHERE id = ?")
            .bind(days)
            .bind(id)
            .execute(&mut history_file(&house).await)
            .await
            .expect("a time");
    }
    let store = Store::open(&house.path().join("data/whittle.db"))
        .await
        .expect("a history");
    assert_eq!(store.remove_deleted().await.expect("it is removed"), 1);
    assert_eq!(store.is_deleted(RunId(1)).await.expect("an answer"), None);
    for table in ["arms", "samples", "launches", "events", "environments"] {
        let left: Vec<i64> = sqlx::query_scalar(&format!(
            "SELECT DISTINCT run_id FROM {table} ORDER BY run_id"
        ))
        .fetch_all(&mut history_file(&house).await)
        .await
        .expect("rows");
        assert_eq!(left, [2, 3], "{table}");
    }
    let (status, _) = house.post("/api/runs/restore", &json!({"id": 1})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = house.post("/api/runs/restore", &json!({"id": 2})).await;
    assert_eq!(status, StatusCode::OK);
}
