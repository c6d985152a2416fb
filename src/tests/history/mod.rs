//! Stored runs in daily use: filter, name, note, delete, restore, export.

mod deletion;
mod export;

use axum::http::StatusCode;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use crate::house::{House, message};

const SHORT: [&str; 2] = ["=1+1|' /C calc'!A0", "two\nlines"];

/// Measures the shortest run that has two requests.
async fn measure(house: &House) -> i64 {
    let body = json!({"test_queries": SHORT, "iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["run_id"].as_i64().expect("an id")
}

async fn history_file(house: &House) -> SqliteConnection {
    let path = house.path().join("data/whittle.db");
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true);
    options.connect().await.expect("the history's file")
}

async fn set_time(house: &House, column: &str, id: i64, time: &str) {
    sqlx::query(&format!(
        "UPDATE runs SET {column} = unixepoch(?) WHERE id = ?"
    ))
    .bind(time)
    .bind(id)
    .execute(&mut history_file(house).await)
    .await
    .expect("a time");
}

async fn ids(house: &House, query: &str) -> Vec<i64> {
    let (status, runs) = house.get(&format!("/api/runs{query}")).await;
    assert_eq!(status, StatusCode::OK, "{query}: {runs}");
    let runs = runs.as_array().expect("a list").iter();
    runs.filter_map(|run| run["id"].as_i64()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_filtered_by_model_and_days() {
    let house = House::with_model().await;
    for (id, time) in [
        (1, "2026-01-31 23:59:59"),
        (2, "2026-02-01 00:00:00"),
        (3, "2026-02-02 23:59:59"),
    ] {
        assert_eq!(measure(&house).await, id);
        set_time(&house, "created_at_s", id, time).await;
    }
    let (_, models) = house.get("/api/runs/models").await;
    let model = models[0]["id"].as_str().expect("a model");
    assert_eq!(models[0]["name"], "Tiny <b>test</b> model");
    for (query, found) in [
        (String::new(), vec![3, 2, 1]),
        ("?model=&from=&to=".to_owned(), vec![3, 2, 1]),
        (format!("?model={model}"), vec![3, 2, 1]),
        ("?model=another".to_owned(), vec![]),
        ("?from=2026-02-01".to_owned(), vec![3, 2]),
        ("?to=2026-02-01".to_owned(), vec![2, 1]),
        (
            format!("?model={model}&from=2026-02-01&to=2026-02-02"),
            vec![3, 2],
        ),
        ("?from=2026-01-01&before=3&limit=1".to_owned(), vec![2]),
    ] {
        assert_eq!(ids(&house, &query).await, found, "{query}");
    }
    for query in [
        "?from=2026-02-30",
        "?to=now",
        "?model=../x",
        "?from=2026-02-02&to=2026-02-01",
    ] {
        let (status, answer) = house.get(&format!("/api/runs{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {answer}");
    }

    let (status, page) = house.get("/runs?from=2026-02-01&to=2026-02-01").await;
    let page = page.as_str().expect("a page");
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("href=\"/runs/2\"") && !page.contains("href=\"/runs/3\""));
    assert!(
        page.contains("value=\"2026-02-01\""),
        "the form shows the filter"
    );
    let (_, page) = house.get("/runs?from=2030-01-01").await;
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("No run matches"))
    );
    let attack = "/runs?model=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&from=%3Cb%3E";
    let (status, page) = house.get(attack).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(!page.as_str().expect("a page").contains("<script>alert"));
}

/// A filter that was misspelt listed everything.
#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_there_is_not_is_refused_by_its_name() {
    let house = House::with_model().await;
    for (address, says) in [
        (
            "/api/runs?limit=1&modell=x",
            "modell is no parameter of GET /api/runs; its parameters are before, from, limit, \
             model, technique, to",
        ),
        (
            "/api/models?q",
            "q is no parameter of GET /api/models; it takes none",
        ),
        (
            "/api/runs/1/export?for%6Dat=json&head",
            "head is no parameter of GET /api/runs/{id}/export; its parameters are format",
        ),
    ] {
        let (status, answer) = house.get(address).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{address}: {answer}");
        assert_eq!(message(&answer), says);
    }
    for known in ["/api/runs?limit=1&technique=", "/api/runs?", "/?utm=1"] {
        let (status, _) = house.get(known).await;
        assert_eq!(status, StatusCode::OK, "{known}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_gets_a_name_and_a_note() {
    let house = House::with_model().await;
    let id = measure(&house).await;
    let attack = "</title><script>alert(1)</script>";
    let label =
        json!({"id": id, "name": format!(" {attack}\n"), "note": "one\r\n<b>two</b>\u{1b}"});
    let (status, run) = house.post("/api/runs/label", &label).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    assert_eq!(run["name"], attack);
    assert_eq!(run["note"], "one\n<b>two</b>");
    assert_eq!(house.get("/api/runs").await.1[0]["name"], attack);
    for path in ["/runs", "/runs/1"] {
        let (_, page) = house.get(path).await;
        let page = page.as_str().expect("a page");
        assert!(page.contains("alert(1)"), "{path} shows the name");
        assert!(!page.contains("<script>alert"), "{path} shows it as a text");
        assert!(
            !page.contains("<b>two</b>"),
            "{path} shows the note as a text"
        );
    }

    let (_, run) = house
        .post("/api/runs/label", &json!({"id": id, "name": "plain"}))
        .await;
    assert_eq!(
        (&run["name"], &run["note"]),
        (&json!("plain"), &json!("one\n<b>two</b>"))
    );
    let (_, run) = house
        .post(
            "/api/runs/label",
            &json!({"id": id, "name": "", "note": ""}),
        )
        .await;
    assert_eq!((&run["name"], &run["note"]), (&Value::Null, &Value::Null));
    let long = json!({"id": id, "name": "x".repeat(121)});
    let (status, answer) = house.post("/api/runs/label", &long).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(message(&answer).contains("at most 120"), "{answer}");
}
