//! Stored runs in daily use: filter, name, note, delete, restore, export.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tower::ServiceExt;
use whittle::domain::run::RunId;
use whittle::store::Store;

use crate::house::{HOST, House, message};

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

/// The answer as it is, with its headers.
async fn download(house: &House, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = Request::get(path).header("host", HOST).body(Body::empty());
    let answer = house.router.clone().oneshot(request.expect("a request"));
    let answer = answer.await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let bytes = to_bytes(answer.into_body(), 8 << 20).await.expect("a body");
    (status, headers, bytes.to_vec())
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
    let is_said = |page: &Value, words: &str| page.as_str().is_some_and(|page| page.contains(words));
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
    assert!(listed[1]["run"]["tokens_per_second"].is_number(), "{listed}");
    let (_, older) = house.get("/api/runs/deleted?before=3&limit=1").await;
    assert_eq!(ids(&older), [1]);

    let (status, page) = house.get("/runs/deleted").await;
    assert_eq!(status, StatusCode::OK);
    assert!(is_said(&page, "aria-label=\"Restore run 1\"") && is_said(&page, "alert(1)"));
    assert!(!is_said(&page, "<script>alert") && !is_said(&page, "Restore run 2"));
    assert!(is_said(&house.get("/runs").await.1, "href=\"/runs/deleted\""));

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

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_as_its_schema_says() {
    let house = House::with_model().await;
    let id = measure(&house).await;
    let path = format!("/api/runs/{id}/export");
    let (_, schema) = house.get("/api/runs/export.schema.json").await;
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");

    let (status, headers, body) = download(&house, &path).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-type"], "application/json");
    let file = "attachment; filename=\"whittle-run-1.json\"";
    assert_eq!(headers["content-disposition"], file);
    let export: Value = serde_json::from_slice(&body).expect("JSON");
    let faults: Vec<String> = validator
        .iter_errors(&export)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(faults, [""; 0]);
    assert!(!validator.is_valid(&json!({"schema_version": 1})));

    assert_eq!(export["schema_version"], 1);
    assert_eq!(export["run"], house.get(&format!("/api/runs/{id}")).await.1);
    assert!(export["run"]["environment"]["cpu_model"].is_string());
    assert!(export["launches"][0]["load_s"].is_number());
    let requests = export["requests"].as_array().expect("the requests");
    assert_eq!(requests.len(), SHORT.len());
    let gaps = requests[1]["generation"]["token_gaps_ns"].as_array();
    assert_eq!(gaps.map(Vec::len), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_csv_export_has_a_row_for_each_request() {
    let house = House::with_model().await;
    // More requests than are read at once.
    let body = json!({"test_queries": SHORT, "iterations": 20, "max_tokens": 1});
    house.post("/api/benchmark/baseline", &body).await;
    let (status, headers, body) = download(&house, "/api/runs/1/export?format=csv").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        headers["content-type"]
            .to_str()
            .expect("a text")
            .starts_with("text/csv")
    );
    let file = "attachment; filename=\"whittle-run-1.csv\"";
    assert_eq!(headers["content-disposition"], file);
    let mut reader = csv::Reader::from_reader(body.as_slice());
    let names = reader.headers().expect("a head").clone();
    let place = |name: &str| names.iter().position(|other| other == name).expect(name);
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 40);
    assert_eq!(rows[0][place("prompt_text")], format!("'{}", SHORT[0]));
    assert_eq!(&rows[39][place("prompt_text")], SHORT[1]);
    assert_eq!(&rows[39][place("iteration")], "20");
    assert_eq!(
        &rows[0][place("tokens_per_second")],
        "",
        "one token has no speed"
    );

    let (_, _, whole) = download(&house, "/api/runs/1/export").await;
    let whole: Value = serde_json::from_slice(&whole).expect("pages join to JSON");
    assert_eq!(whole["requests"].as_array().map(Vec::len), Some(40));
    for path in ["/api/runs/1/export?format=xml", "/api/runs/x/export"] {
        let (status, answer) = house.get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    }
    let (status, _) = house.get("/api/runs/9/export").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
