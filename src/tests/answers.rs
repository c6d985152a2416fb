//! Real answers of every operation, held against the OpenAPI document: each
//! answer is one that it describes, and each that it describes is seen.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use whittle::bench::machine::MachineFacts;
use whittle::domain::quantization::QuantizationType;
use whittle::domain::recipe::Recipe;
use whittle::machine_lock::MachineLock;

use crate::house::{HOST, House};
use crate::shop::make_in;
use crate::tiny_model;
use crate::witness::Witness;
use crate::workers::fake_workers;

/// Answers that need what no test can arrange at will.
const NOT_ARRANGED: [&str; 3] = [
    // A model that is still being read when its run is asked for.
    "post /api/noise 409",
    "post /api/runs 409",
    // A file that the system will not remove.
    "post /api/variants/delete 409",
];

/// The paths that measure and answer when done.
const WAITED_FOR: [&str; 3] = [
    "/api/benchmark/baseline",
    "/api/benchmark/quantization",
    "/api/benchmark/pruning",
];
/// All that measure.
const MEASURING: [&str; 5] = [
    "/api/runs",
    "/api/noise",
    "/api/benchmark/baseline",
    "/api/benchmark/quantization",
    "/api/benchmark/pruning",
];

/// The body for a path: a level where one is needed, and enough launches.
fn for_path(path: &str, mut body: Value) -> Value {
    match path {
        "/api/benchmark/quantization" => body["quantization_level"] = json!("q4_0"),
        "/api/benchmark/pruning" => body["pruning_ratio"] = json!(0.3),
        "/api/noise" => body["iterations"] = json!(10),
        _ => {}
    }
    body
}
/// What fails without the history being broken.
const NEEDS_NO_HISTORY: [&str; 2] = ["/api/about", "/api/variants/forecast"];

async fn witness(house: &House) -> Witness {
    let (status, document) = house.get("/api/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    Witness::new(document)
}

fn short() -> Value {
    json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4})
}

fn long() -> Value {
    json!({"test_queries": ["hello"], "iterations": 100, "max_tokens": 1000})
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_described() {
    let house = House::with_model().await;
    house.settled_library().await;
    let mut witness = witness(&house).await;
    successes(&mut witness, &house).await;
    refusals(&mut witness, &house).await;
    states(&mut witness, &house).await;

    let small = House::on_machine(MachineFacts {
        total_memory_mb: 8.0,
        ..MachineFacts::read()
    })
    .await;
    let crashing = House::with_workers(fake_workers("exit 3")).await;
    for path in MEASURING {
        let (status, _) = witness.post(&small, path, &for_path(path, short())).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    for path in WAITED_FOR {
        let body = for_path(path, short());
        let (status, _) = witness.post(&crashing, path, &body).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    let (status, _) = witness.get(&crashing, "/api/about", "/api/about").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    variants(&mut witness, &house, &crashing).await;
    broken_history(&mut witness).await;
    assert_eq!(witness.unseen(), NOT_ARRANGED);
}

fn set(name: &str) -> Value {
    let judged = json!({"prompt": "2 + 2?", "expected": {"regex": r"\b4\b"}});
    json!({"name": name, "prompts": ["hello", judged]})
}

async fn successes(witness: &mut Witness, house: &House) {
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

/// What is said of variants, with workers and without.
async fn variants(witness: &mut Witness, house: &House, crashing: &House) {
    let (forecast, delete) = ("/api/variants/forecast", "/api/variants/delete");
    let asked =
        |model: &Value| json!({"model": model, "recipes": [{"quantize": {"level": "q4_0"}}]});
    for (house, status) in [(house, 200), (crashing, 500)] {
        let model = house.model_id("llama").await;
        let (answered, answer) = witness.post(house, forecast, &asked(&model)).await;
        assert_eq!(answered.as_u16(), status, "{answer}");
    }
    let machine = house.path().join("machine.lock");
    let held = MachineLock::take(&machine).await.expect("the machine");
    let mut unknown = asked(&house.model_id("llama").await);
    unknown["recipes"][0]["quantize"]["level"] = json!("q5_1");
    let (status, answer) = witness.post(house, forecast, &unknown).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    drop(held);
    let strange = house.models().join("strange.gguf");
    std::fs::write(&strange, tiny_model::bytes("nosuch")).expect("a file");
    let model = house.model_id("nosuch").await;
    let (status, answer) = witness.post(house, forecast, &asked(&model)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    std::fs::remove_file(strange).expect("the file");
    let variant = make_in(house, &Recipe::quantized(QuantizationType::Q4_0)).await;
    let (_, listing) = witness.get(house, "/api/models", "/api/models").await;
    // The model, and what was made of it above: by quantizing and by pruning.
    assert_eq!(listing["models"].as_array().map(Vec::len), Some(3));
    for (path, body, status) in [
        (forecast, asked(&json!("nope")), 404),
        (delete, json!({"model": "nope"}), 404),
        (delete, json!({"model": variant.model.id}), 200),
    ] {
        let (answered, answer) = witness.post(house, path, &body).await;
        assert_eq!(answered.as_u16(), status, "{answer}");
    }
}

/// What every operation refuses.
async fn refusals(witness: &mut Witness, house: &House) {
    for ((path, method), operation) in witness.operations() {
        let ask = |id: &str| {
            Request::builder()
                .method(method.to_ascii_uppercase().as_str())
                .uri(path.replace("{id}", id))
        };
        let json = |id: &str| {
            ask(id)
                .header("host", HOST)
                .header("content-type", "application/json")
        };
        let elsewhere = ask("1").header("host", "evil.example").body(Body::empty());
        let mut wrong = vec![(403, elsewhere)];
        if method == "post" {
            wrong.push((415, ask("").header("host", HOST).body(Body::from("{}"))));
            wrong.push((400, json("").body(Body::from("{"))));
            wrong.push((
                400,
                json("").body(Body::from(
                    json!({"id": "x".repeat(900_000), "iterations": "x".repeat(100_000)})
                        .to_string(),
                )),
            ));
            let large = || Body::from("x".repeat(2 << 20));
            wrong.push((413, json("").body(large())));
            wrong.push((
                413,
                json("").header("content-length", 2 << 20).body(large()),
            ));
        }
        if path.contains("{id}") {
            wrong.extend(
                ["x", "%ff", "%2F", "99999999999999999999"]
                    .map(|id| (400, json(id).body(Body::empty()))),
            );
            wrong.push((404, json("77").body(Body::empty())));
        }
        let queries = operation["parameters"].as_array().into_iter().flatten();
        for parameter in queries.filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().expect("a name");
            if name == "name" {
                // Any text may be a name; there must be one.
                wrong.push((400, json("").body(Body::empty())));
                continue;
            }
            let address = format!("{}?{name}=%21", path.replace("{id}", "1"));
            wrong.push((
                400,
                Request::get(address)
                    .header("host", HOST)
                    .body(Body::empty()),
            ));
        }
        for (expected, request) in wrong {
            let request = request.expect("a request");
            let address = request.uri().clone();
            let (status, answer) = witness.ask(house, &path, request).await;
            assert_eq!(status.as_u16(), expected, "{method} {address}: {answer}");
        }
        let id_fields =
            operation["requestBody"]["content"]["application/json"]["example"]["id"].is_number();
        if id_fields {
            let (status, _) = witness.post(house, &path, &json!({"id": 77})).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    let unknown = json!({"model": "nope"});
    for path in MEASURING {
        let unknown = for_path(path, unknown.clone());
        assert_eq!(
            witness.post(house, path, &unknown).await.0,
            StatusCode::NOT_FOUND
        );
    }
    for (path, address) in [
        ("/api/run", "/api/run?id=77"),
        ("/api/prompt-set", "/api/prompt-set?name=%21"),
    ] {
        let (status, _) = witness.get(house, path, address).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    // However long, and whatever it says.
    for name in ["x".repeat(100_000), "length limit exceeded".to_owned()] {
        let unknown = json!({"name": name});
        let (status, answer) = witness
            .post(house, "/api/prompt-sets/delete", &unknown)
            .await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
    }
}

/// What depends on the queue, and on how much is kept.
async fn states(witness: &mut Witness, house: &House) {
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

/// What a history answers that cannot be read.
async fn broken_history(witness: &mut Witness) {
    let house = House::with_model().await;
    house.settled_library().await;
    for table in ["runs", "settings", "prompt_sets"] {
        sqlx::query(&format!("DROP TABLE {table}"))
            .execute(&mut history(&house).await)
            .await
            .expect("a table less");
    }
    for ((path, method), operation) in witness.operations() {
        if operation["responses"]["500"].is_null() || NEEDS_NO_HISTORY.contains(&path.as_str()) {
            continue;
        }
        let (status, answer) = if method == "post" {
            let body = &operation["requestBody"]["content"]["application/json"]["example"];
            witness.post(&house, &path, body).await
        } else {
            let query = match path.as_str() {
                "/api/run" => "?id=1",
                "/api/prompt-set" => "?name=kept",
                "/api/variants/measured" => "?model=tiny",
                _ => "",
            };
            let address = path.replace("{id}", "1") + query;
            witness.get(&house, &path, &address).await
        };
        assert_eq!(
            status,
            StatusCode::INTERNAL_SERVER_ERROR,
            "{method} {path}: {answer}"
        );
    }
}

async fn history(house: &House) -> sqlx::SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(house.path().join("data/whittle.db"))
        .foreign_keys(false);
    options.connect().await.expect("the history's file")
}
