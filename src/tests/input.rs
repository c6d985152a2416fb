//! Bad input, each kind with its status and a sentence that helps.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use whittle::bench::machine::MachineFacts;

use crate::house::{HOST, House, message};
use crate::tiny_model;
use crate::workers::real_workers;

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_are_named() {
    let house = House::with_model().await;
    let long_prompt = "x".repeat(200_001);
    let cases: [(Value, &str); 16] = [
        (json!({"test_queries": []}), "test_queries is empty"),
        (json!({"test_queries": [""]}), "prompt 1 is empty"),
        (json!({"test_queries": ["a", "  \n"]}), "prompt 2 is empty"),
        (
            json!({"test_queries": [long_prompt]}),
            "prompt 1 has 200001 characters",
        ),
        (json!({"test_queries": vec!["a"; 65]}), "65 prompts"),
        (json!({"iterations": 0}), "iterations is 0"),
        (json!({"iterations": 1_000_000}), "iterations is 1000000"),
        (json!({"iterations": -3}), "iterations is -3"),
        (json!({"max_tokens": 0}), "max_tokens is 0"),
        (
            json!({"max_tokens": 1_000_000_000_000_i64}),
            "max_tokens is 1000000000000",
        ),
        (json!({"model": "../../etc/passwd"}), "not a library id"),
        (json!({"iterations": "three"}), "could not be read"),
        (json!({"n_ctx": 100}), "n_ctx is 100"),
        (json!({"n_batch": 64}), "lower n_ubatch"),
        (json!({"max_tokens": 2048}), "leave room for the prompt"),
        (json!({"warm_ups": 11}), "warm_ups is 11"),
    ];
    for path in ["/api/benchmark/baseline", "/api/runs"] {
        for (body, says) in &cases {
            let (status, answer) = house.post(path, body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body} gave {answer}");
            assert!(message(&answer).contains(says), "{body} gave {answer}");
        }
    }
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs, json!([]), "nothing of this was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_ids_are_not_found() {
    let house = House::with_model().await;
    for id in ["nope", "..", "tiny.gguf", "tiny-00000000"] {
        let (status, answer) = house.post("/api/runs", &json!({"model": id})).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{id}: {answer}");
    }
    for path in ["/api/runs/7", "/api/nothing", "/api/run?id=7"] {
        let (status, answer) = house.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {answer}");
        assert_eq!(answer["error"]["code"], "not_found");
    }
    let (status, _) = house.get("/api/runs/seven").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    for path in ["/no-such-page", "/pkg/../Cargo.toml", "/pkg/nothing.js"] {
        let (status, _) = house.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_json_are_said() {
    let house = House::with_model().await;
    let post = |kind: &str, body: String| {
        let request = Request::post("/api/runs")
            .header("host", HOST)
            .header("content-type", kind);
        house.ask(request.body(Body::from(body)).expect("a request"))
    };
    let (status, answer) = post("application/json", "{\"iterations\": ".to_owned()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert_eq!(answer["error"]["code"], "bad_request");
    let (status, answer) = post("text/plain", String::new()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{answer}");
    let (status, answer) = post("text/plain", "{}".to_owned()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{answer}");
    let (status, answer) = post("application/json", "x".repeat(2 << 20)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
    assert_eq!(answer["error"]["code"], "too_large");
}

/// An empty body was answered with serde's "EOF while parsing a value".
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_body_asks_for_the_defaults_or_is_told_what_it_lacks() {
    let house = House::with_model().await;
    let post = |path: &str, body: &'static str| {
        let request = Request::post(path)
            .header("host", HOST)
            .header("content-type", "application/json");
        house.ask(request.body(Body::from(body)).expect("a request"))
    };
    let (_, asked) = house.post("/api/runs", &json!({})).await;
    assert!(asked["spec"]["settings"].is_object(), "{asked}");
    for body in ["", " \n"] {
        let (status, run) = post("/api/runs", body).await;
        assert_eq!(status, StatusCode::OK, "{run}");
        assert_eq!(run["spec"], asked["spec"]);
    }
    for (path, lacks) in [
        ("/api/benchmark/quantization", "quantization_level"),
        ("/api/benchmark/pruning", "pruning_ratio"),
        ("/api/runs/cancel", "id"),
    ] {
        let (status, answer) = post(path, "").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        let lacks = format!("missing field `{lacks}`");
        assert!(message(&answer).contains(&lacks), "{answer}");
    }
    let (_, document) = house.get("/api/openapi.json").await;
    for (path, is_needed) in [
        ("/api/benchmark/baseline", false),
        ("/api/benchmark/quantization", true),
        ("/api/runs", false),
        ("/api/runs/cancel", true),
    ] {
        let body = &document["paths"][path]["post"]["requestBody"];
        assert_eq!(body["required"], is_needed, "{path}");
    }
    house.queue.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_has_its_status_for_browsers_too() {
    let house = House::with_model().await;
    let request = Request::post("/api/runs")
        .header("host", HOST)
        .header("content-type", "application/json")
        .header("accept-encoding", "gzip, br")
        .body(Body::from(json!({"test_queries": []}).to_string()));
    let (status, _) = house.ask(request.expect("a request")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_models_are_listed_with_the_reason() {
    let house = House::empty(real_workers()).await;
    let models = house.models();
    std::fs::write(models.join("text.gguf"), "hello").expect("a file");
    tiny_model::write_truncated(&models, "half.gguf");
    tiny_model::write_embedding(&models, "embedding.gguf");
    let outside = tiny_model::write(house.path(), "outside.gguf");
    std::os::unix::fs::symlink(outside, models.join("link.gguf")).expect("a link");
    let (_, listing) = house.get("/api/models").await;
    assert_eq!(listing["models"], json!([]));
    let reasons: Vec<(&str, &str)> = listing["unusable"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|file| Some((file["file_name"].as_str()?, file["reason"].as_str()?)))
        .collect();
    let says = [
        ("embedding.gguf", "generates no text"),
        ("half.gguf", "truncated"),
        ("link.gguf", "leads out of the model folder"),
        ("text.gguf", "not a GGUF file"),
    ];
    assert_eq!(reasons.len(), says.len(), "{reasons:?}");
    for ((file, reason), (expected, part)) in reasons.iter().zip(says) {
        assert_eq!(*file, expected);
        assert!(reason.contains(part), "{file}: {reason}");
    }
    let (status, answer) = house.post("/api/benchmark/baseline", &json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(message(&answer).contains("no model yet"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_does_not_fit_fails_its_run_by_number() {
    let house = House::with_model().await;
    // Every character is a token of the tiny model: more than 2,048.
    let prompt = "z ".repeat(2000);
    let body = json!({"test_queries": ["a", prompt], "iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert!(message(&answer).contains("prompt 2"), "{answer}");
    let (_, run) = house.get("/api/runs/1").await;
    assert_eq!(run["failure"]["kind"], "prompt_not_usable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_the_machine_cannot_hold_is_refused_with_the_figures() {
    let house = House::on_machine(MachineFacts {
        total_memory_mb: 8.0,
        ..MachineFacts::read()
    })
    .await;
    for path in ["/api/runs", "/api/benchmark/baseline"] {
        let (status, answer) = house.post(path, &json!({})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        let message = message(&answer);
        assert!(
            message.contains("MB weights") && message.contains("8.00 MB are available"),
            "{message}"
        );
    }
    // A mapped file may stay on the disk.
    let (status, _) = house
        .post("/api/runs", &json!({"mmap": true, "iterations": 1}))
        .await;
    assert_eq!(status, StatusCode::OK);
}

/// What a field is called that is none, and what could have been meant.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_there_is_not_is_refused_by_its_name() {
    let house = House::with_model().await;
    let (runs, noise) = ("/api/runs", "/api/noise");
    let baseline = "/api/benchmark/baseline";
    let quantization = "/api/benchmark/quantization";
    let q4_0 = |field: &str| json!({"quantization_level": "q4_0", field: true});
    let recipe = |quantize: Value| json!({"recipes": [{"quantize": quantize}]});
    let text = json!({"name": "x", "text": "abc", "kind": "prose"});
    for (path, body, name, known) in [
        (
            runs,
            json!({"iteration": 3}),
            "iteration",
            "iterations, max_tokens",
        ),
        (runs, json!({"technique": "baseline"}), "technique", "model"),
        ("/api/remember", json!({"Model": "x"}), "Model", "model"),
        (
            baseline,
            json!({"prompts": ["hi"]}),
            "prompts",
            "technique, model",
        ),
        (
            noise,
            json!({"test_query": "hi"}),
            "test_query",
            "test_queries",
        ),
        (quantization, q4_0("imatrx"), "imatrx", "imatrix"),
        (quantization, q4_0("qualty"), "qualty", "quality_chunks"),
        (
            runs,
            recipe(json!({"level": "q4_0", "imatrx": true})),
            "`imatrx`",
            "`level` or `imatrix`",
        ),
        (
            runs,
            json!({"recipes": [{"quantise": null}]}),
            "`quantise`",
            "`quantize`",
        ),
        (
            "/api/benchmark/pruning",
            json!({"pruning_ratio": 0.3, "methode": "depth"}),
            "methode",
            "pruning_ratio, method, quick, loss_budget, then_quantize, upcast",
        ),
        (
            runs,
            json!({"recipes": [{"prune": {"ratio": 0.3, "how": "depth"}}]}),
            "`how`",
            "`method`, `ratio`, `quick`, `loss_budget`, `upcast`",
        ),
        (
            runs,
            json!({"evaluation_text": text}),
            "`kind`",
            "`name` or `text`",
        ),
    ] {
        let (status, answer) = house.post(path, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}: {answer}");
        let said = message(&answer);
        assert!(
            said.contains(name) && said.contains(known),
            "{path}: {said}"
        );
    }
    let long = json!({"x".repeat(100_000): 1});
    let (status, answer) = house.post(runs, &long).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(message(&answer).len() < 500, "{answer}");
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs, json!([]), "nothing of this was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_for_a_gpu_are_refused_where_there_is_no_support_for_one() {
    let machine = |has_gpu| MachineFacts {
        has_gpu,
        ..MachineFacts::read()
    };
    let body = json!({
        "test_queries": ["hello"], "iterations": 1, "max_tokens": 4, "n_gpu_layers": 2,
    });
    let without = House::on_machine(machine(false)).await;
    for path in ["/api/runs", "/api/benchmark/baseline"] {
        let (status, answer) = without.post(path, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        let said = message(&answer);
        assert!(
            said.starts_with("n_gpu_layers is 2 and this Whittle was built without"),
            "{said}"
        );
    }
    let (_, dashboard) = without.get("/api/dashboard").await;
    assert_eq!(dashboard["machine"]["has_gpu"], false);
    let (_, runs) = without.get("/api/runs").await;
    assert_eq!(runs, json!([]));
    let with = House::on_machine(machine(true)).await;
    let (status, answer) = with.post("/api/runs", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}
