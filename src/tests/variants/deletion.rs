//! A variant can be deleted, and nothing else can.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use serde_json::json;

use super::house_with_variant;
use crate::house::message;
use crate::shop::{NO_FILES, files_below};

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_is_deleted_and_nothing_else_is() {
    let (house, variant) = house_with_variant().await;
    let delete = "/api/variants/delete";
    for id in [json!("no-such"), json!("tiny")] {
        let (status, _) = house.post(delete, &json!({"model": id})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    let (_, library) = house.get("/api/models").await;
    let mut own = library["models"].as_array().into_iter().flatten();
    let base = own.find(|model| model["origin"] == "data_folder");
    let base = &base.expect("the base")["id"];
    let (status, answer) = house.post(delete, &json!({"model": base})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    let said = message(&answer);
    assert!(
        said.starts_with("tiny.gguf is a base model: Whittle did not make it"),
        "{said}"
    );
    assert!(said.contains("delete its file where you keep it"), "{said}");
    let (status, answer) = house
        .post(delete, &json!({"model": variant.model.id}))
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(!variant.path.exists() && !variant.path.with_extension("json").exists());
    assert!(house.models().join("tiny.gguf").exists());
    let (_, library) = house.get("/api/models").await;
    assert_eq!(library["models"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_is_deleted_whatever_has_become_of_its_file() {
    let damages: [fn(&Path); 3] = [
        // Its content has changed.
        |path| {
            let mut bytes = fs::read(path).expect("the variant");
            *bytes.last_mut().expect("a byte") ^= 1;
            fs::write(path, bytes).expect("the variant");
        },
        // Its header is damaged.
        |path| fs::write(path, b"GGUF").expect("the variant"),
        // A copy whose hash is not known yet: it may be, or not.
        |path| {
            let bytes = fs::read(path).expect("the variant");
            fs::write(path, bytes).expect("the variant");
        },
    ];
    for damage in damages {
        let (house, variant) = house_with_variant().await;
        damage(&variant.path);
        let (_, library) = house.get("/api/models").await;
        let unusable = library["unusable"].as_array().expect("files");
        for file in unusable {
            assert_eq!(file["variant"], json!(variant.model.id), "{file}");
            let (_, page) = house.get("/models").await;
            let name = file["file_name"].as_str().expect("a name");
            let button = format!("aria-label=\"Delete {name}\"");
            assert!(page.as_str().is_some_and(|page| page.contains(&button)));
        }
        let delete = json!({"model": variant.model.id});
        let (status, answer) = house.post("/api/variants/delete", &delete).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["sha256"], json!(variant.model.sha256));
        assert_eq!(answer["recipe"]["quantize"]["level"], "q4_0");
        let left = files_below(&house.path().join("data/variants"));
        assert_eq!(left, NO_FILES);
    }
}
