//! A run as a file: JSON by its schema, and CSV.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{SHORT, measure};
use crate::house::{HOST, House};

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
