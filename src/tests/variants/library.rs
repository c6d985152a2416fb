//! How the library shows variants, and that it never chooses one.

use std::fs;

use axum::http::StatusCode;
use serde_json::json;
use whittle::library::{DataFolder, Library};

use super::house_with_variant;

#[tokio::test(flavor = "multi_thread")]
async fn the_library_shows_variants_and_never_chooses_one() {
    let (house, variant) = house_with_variant().await;
    let (_, library) = house.get("/api/models").await;
    let models = library["models"].as_array().expect("models");
    assert_eq!(library["n_pending"], 0, "its hash is known");
    assert_eq!(models.len(), 2, "{library}");
    let of = |origin: &str| models.iter().find(|model| model["origin"] == origin);
    let (base, listed) = (
        of("data_folder").expect("the base"),
        of("variant").expect("the variant"),
    );
    assert_eq!(listed["id"], json!(variant.model.id));
    assert_eq!(listed["variant"]["recipe"]["quantize"]["level"], "q4_0");
    assert_eq!(listed["variant"]["base"]["sha256"], base["sha256"]);
    assert_eq!(library["default_model"], base["id"]);

    let (_, page) = house.get("/models").await;
    let page = page.as_str().expect("a page");
    let path = variant.path.to_string_lossy();
    for says in [
        format!("llama-server -m {path}"),
        format!("FROM {path}"),
        "Q8_0 instead of Q6_K".to_owned(),
        "What its tensors are".to_owned(),
    ] {
        assert!(page.contains(&says), "{says} is not on the page");
    }

    // It is measured as any model is.
    let body =
        json!({"model": listed["id"], "test_queries": ["hello"], "iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");

    fs::remove_file(house.models().join("tiny.gguf")).expect("the base");
    let fresh = Library::open(
        &DataFolder::open(&house.path().join("data")).expect("the data folder"),
        &[],
        house.path().join("other.lock"),
    );
    let listing = fresh.expect("a library").listing();
    assert_eq!((listing.models.len(), listing.default_model), (1, None));
    let (_, page) = house.get("/models").await;
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("no longer in the library"))
    );
}
