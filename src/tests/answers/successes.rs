//! What every operation answers where all is well.

use axum::http::StatusCode;
use serde_json::json;

use super::{for_path, set, short};
use crate::house::House;
use crate::witness::Witness;

pub async fn see(witness: &mut Witness, house: &House) {
    let run = "/api/runs/{id}";
    let export = "/api/runs/{id}/export";
    let events = "/events/runs/{id}";
    for (path, body) in [
        ("/api/benchmark/baseline", short()),
        ("/api/runs", short()),
        ("/api/remember", short()),
        (
            "/api/benchmark/quantization",
            for_path("/api/benchmark/quantization", short()),
        ),
        (
            "/api/benchmark/pruning",
            for_path("/api/benchmark/pruning", short()),
        ),
        ("/api/noise", for_path("/api/noise", short())),
        (
            "/api/runs/label",
            json!({"id": 1, "name": "first", "note": "a\nb"}),
        ),
        ("/api/runs/cancel", json!({"id": 2})),
        ("/api/runs/delete", json!({"id": 1})),
        ("/api/runs/restore", json!({"id": 1})),
        ("/api/background", json!({"is_on": false})),
        ("/api/prompt-sets", set("kept")),
        ("/api/prompt-sets", set("removed")),
        ("/api/prompt-sets/delete", json!({"name": "removed"})),
    ] {
        let (status, answer) = witness.post(house, path, &body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    }
    let list = "/api/runs?model=&from=2026-01-01&to=9999-12-31&before=9&limit=2";
    for (path, address) in [
        ("/healthz", "/healthz"),
        ("/api/openapi.json", "/api/openapi.json"),
        ("/api/about", "/api/about"),
        ("/api/models", "/api/models"),
        ("/api/dashboard", "/api/dashboard"),
        ("/api/run", "/api/run?id=1"),
        ("/api/runs", "/api/runs"),
        ("/api/runs", list),
        ("/api/runs/models", "/api/runs/models"),
        (
            "/api/runs/export.schema.json",
            "/api/runs/export.schema.json",
        ),
        (run, "/api/runs/1"),
        (run, "/api/runs/2"),
        ("/api/prompt-sets", "/api/prompt-sets"),
        ("/api/prompt-set", "/api/prompt-set?name=kept"),
        (export, "/api/runs/1/export"),
        (export, "/api/runs/1/export?format=csv"),
        (
            "/api/variants/measured",
            "/api/variants/measured?model=never-measured",
        ),
        (events, "/events/runs/1"),
    ] {
        let (status, answer) = witness.get(house, path, address).await;
        assert_eq!(status, StatusCode::OK, "{address}: {answer}");
        if address == list {
            assert_eq!(answer.as_array().map(Vec::len), Some(2), "{answer}");
        }
    }
    let deleted = "/api/runs/deleted";
    witness
        .post(house, "/api/runs/delete", &json!({"id": 1}))
        .await;
    let (_, answer) = witness.get(house, deleted, deleted).await;
    assert_eq!(answer.as_array().map(Vec::len), Some(1), "{answer}");
    witness
        .post(house, "/api/runs/restore", &json!({"id": 1}))
        .await;
}
