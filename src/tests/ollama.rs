//! Ollama's models in the library: a small server that speaks its protocol,
//! and a store in a temporary folder.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use serde_json::{Value, json};
use whittle::library::{OllamaAddress, OllamaOptions};

use crate::fake_ollama::{MODEL, Store, closed, serve, server_that_lists};
use crate::house::{House, message};
use crate::tiny_model;

async fn house(server: SocketAddr, store: &Path) -> House {
    let server: OllamaAddress = server.to_string().parse().expect("a loopback address");
    House::with_ollama(OllamaOptions {
        server: Some(server),
        store: Some(store.to_path_buf()),
    })
    .await
}

async fn settled(house: &House) -> Value {
    house.settled_library().await;
    house.get("/api/models").await.1
}

fn reason<'a>(listing: &'a Value, name: &str) -> &'a str {
    let unusable = listing["unusable"].as_array().expect("a list");
    let file = unusable.iter().find(|file| file["file_name"] == name);
    let file = file.unwrap_or_else(|| panic!("{name} is not in {listing}"));
    file["reason"].as_str().expect("a text")
}

async fn page(house: &House) -> String {
    let (status, page) = house.get("/models").await;
    assert_eq!(status, StatusCode::OK);
    page.as_str().expect("a page").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn ollamas_models_are_listed_and_measured() {
    let store = Store::new();
    let digest = store.add("tiny", "1m", &tiny_model::bytes("llama"));
    store.add_manifest("tiny", "latest", MODEL, &digest);
    let server = server_that_lists(&["tiny:1m", "tiny:latest", "big:cloud"]).await;
    let house = house(server, &store.path()).await;
    let listing = settled(&house).await;
    let models = listing["models"].as_array().expect("models");
    assert_eq!(models.len(), 2, "{listing}");
    assert_eq!(models[0]["name"], "tiny:1m");
    assert_eq!(models[0]["origin"], "ollama");
    let id = format!("tiny-1m-{}", &digest[7..15]);
    assert_eq!(models[0]["id"], id.as_str());
    assert_eq!(models[1]["name"], "tiny:latest");
    let ollama = &listing["ollama"];
    assert_eq!(ollama["server"]["state"], "answering", "{ollama}");
    let cloud = &ollama["server"]["models"][2];
    assert_eq!(cloud["name"], "big:cloud");
    assert_eq!(cloud["digest"], "0f".repeat(32));
    assert_eq!(cloud["size_bytes"], 5_000_000);
    assert_eq!(ollama["stores"][0]["state"], "read", "{ollama}");
    let page = page(&house).await;
    for words in ["tiny:1m", "lists 3 models", "big:cloud", "0f0f0f0f0f0f<"] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
    let body = json!({"model": id, "test_queries": ["hello"], "iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (_, run) = house.get("/api/runs/1").await;
    assert_eq!(run["status"], "done");
    assert_eq!(run["model"]["name"], "tiny:1m");
    assert_eq!(run["model"]["origin"], "ollama");
    let (status, answer) = house
        .post("/api/variants/delete", &json!({"model": id}))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    let said = message(&answer);
    assert!(said.ends_with("`ollama rm tiny:1m` removes it"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_measured_comes_with_the_reason() {
    let store = Store::new();
    let good = tiny_model::bytes("llama");
    let half = &good[..good.len() / 2];
    store.add("half", "1m", half);
    store.add("embedding", "1m", &tiny_model::bytes("bert"));
    let damaged = store.add("damaged", "1m", &good);
    // Still a model, and not the one that its name says.
    let mut other = good.clone();
    *other.last_mut().expect("bytes") ^= 1;
    std::fs::write(store.blob(&damaged), &other).expect("a blob");
    let missing = format!("sha256:{}", "0a".repeat(32));
    store.add_manifest("missing", "1m", MODEL, &missing);
    let linked = format!("sha256:{}", "0b".repeat(32));
    let outside = tiny_model::write(store.folder.path(), "outside.gguf");
    std::os::unix::fs::symlink(outside, store.blob(&linked)).expect("a link");
    store.add_manifest("linked", "1m", MODEL, &linked);
    store.add_manifest("climbing", "1m", MODEL, "sha256:../../outside.gguf");
    store.add_manifest(
        "cloud",
        "1m",
        "application/vnd.ollama.image.license",
        &missing,
    );
    let closed = closed();
    let house = house(closed.address, &store.path()).await;
    let listing = settled(&house).await;
    assert_eq!(listing["models"], json!([]), "{listing}");
    for (name, says) in [
        ("half:1m", "truncated"),
        ("half:1m", "`ollama pull half:1m`"),
        ("embedding:1m", "generates no text"),
        (
            "damaged:1m",
            "damaged: its content is not what its name says",
        ),
        ("damaged:1m", "`ollama pull damaged:1m`"),
        ("missing:1m", "missing from the store"),
        ("linked:1m", "leads out of Ollama's store"),
        ("climbing:1m", "digest that is none"),
        ("cloud:1m", "names no GGUF file"),
    ] {
        let reason = reason(&listing, name);
        assert!(reason.contains(says), "{name}: {reason}");
    }
    let body = json!({"model": format!("damaged-1m-{}", &damaged[7..15])});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_ne!(status, StatusCode::OK);
    assert!(message(&answer).contains("damaged"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_ollama_the_page_says_so_and_works() {
    let store = Store::new();
    let nowhere = store.path().join("nowhere");
    let closed = closed();
    let house = house(closed.address, &nowhere).await;
    tiny_model::write(&house.models(), "tiny.gguf");
    let listing = settled(&house).await;
    assert_eq!(listing["models"].as_array().map(Vec::len), Some(1));
    assert_eq!(listing["ollama"]["server"]["state"], "not_running");
    assert_eq!(listing["ollama"]["stores"][0]["state"], "absent");
    assert!(page(&house).await.contains("No Ollama found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_without_ollama_says_nothing_of_it() {
    let house = House::with_model().await;
    let listing = settled(&house).await;
    assert_eq!(listing["ollama"], Value::Null);
    assert!(!page(&house).await.contains("Ollama"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_something_else_is_said() {
    let store = Store::new();
    store.add("tiny", "1m", &tiny_model::bytes("llama"));
    let large = || async { "x".repeat(5 << 20) };
    let elsewhere = || async { Redirect::temporary("http://192.0.2.1/api/tags") };
    let cases = [
        (Router::new(), "404"),
        (
            Router::new().route("/api/tags", get(|| async { "<html>" })),
            "no list of models",
        ),
        (
            Router::new().route("/api/tags", get(large)),
            "no list of models",
        ),
        (Router::new().route("/api/tags", get(elsewhere)), "307"),
    ];
    for (router, says) in cases {
        let house = house(serve(router).await, &store.path()).await;
        let listing = settled(&house).await;
        assert_eq!(listing["models"].as_array().map(Vec::len), Some(1));
        let server = &listing["ollama"]["server"];
        assert_eq!(server["state"], "failing", "{server}");
        let reason = server["reason"].as_str().expect("a reason");
        assert!(reason.contains(says), "{reason}");
        assert!(page(&house).await.contains("At http://127.0.0.1:"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_holds_up_no_page() {
    let store = Store::new();
    store.add("tiny", "1m", &tiny_model::bytes("llama"));
    let never = get(std::future::pending::<()>);
    let server = serve(Router::new().route("/api/tags", never)).await;
    let house = house(server, &store.path()).await;
    let start = Instant::now();
    let mut reasons = Vec::new();
    while start.elapsed() < Duration::from_secs(15) {
        let asked = Instant::now();
        let (_, listing) = house.get("/api/models").await;
        assert!(asked.elapsed() < Duration::from_secs(4), "a slow listing");
        let server = &listing["ollama"]["server"];
        reasons.push(server["reason"].as_str().expect("a reason").to_owned());
        if reasons
            .last()
            .is_some_and(|last| last.contains("did not answer within"))
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(reasons[0].contains("not answered yet"), "{reasons:?}");
    assert!(
        reasons
            .last()
            .is_some_and(|last| last.contains("did not answer within")),
        "{reasons:?}"
    );
    let asked = Instant::now();
    house.get("/api/models").await;
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "the failure is remembered"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_not_asked_again_at_once() {
    let store = Store::new();
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = asked.clone();
    let answer = move || {
        counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async { r#"{"models":[]}"# }
    };
    let server = serve(Router::new().route("/api/tags", get(answer))).await;
    let house = house(server, &store.path()).await;
    for _ in 0..5 {
        house.get("/api/models").await;
        house.get("/api/dashboard").await;
    }
    let n_asked = asked.load(std::sync::atomic::Ordering::SeqCst);
    assert!((1..=2).contains(&n_asked), "{n_asked} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_read_is_said() {
    let store = Store::new();
    let file = tiny_model::write(store.folder.path(), "file");
    let closed = closed();
    let house = house(closed.address, &file).await;
    let (_, listing) = house.get("/api/models").await;
    let found = &listing["ollama"]["stores"][0];
    assert_eq!(found["state"], "unreadable", "{found}");
    assert!(page(&house).await.contains("Cannot be read: It is a file"));
}
