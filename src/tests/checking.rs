//! What is said of models that were found and are still being read.

use std::fs;

use serde_json::Value;

use crate::baseline::hold_machine;
use crate::house::House;
use crate::tiny_model::{self, Tiny};
use crate::workers::real_workers;

/// What a page teaches whoever has no model.
const TEACHING: &str = "Get a GGUF file.";

async fn page(house: &House, path: &str) -> String {
    let (_, page) = house.get(path).await;
    page.as_str().expect("a page").to_owned()
}

/// "No model yet" was said of a library that was being read.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_was_found_is_said_to_be_checked_until_it_is() {
    let house = House::with_model().await;
    let file = fs::metadata(house.models().join("tiny.gguf")).expect("the model");
    // Nothing is read beside a measurement.
    let measurement = hold_machine(&house);
    let (_, library) = house.get("/api/models").await;
    assert_eq!(library["pending_bytes"], file.len(), "{library}");
    assert_eq!(library["pending_read_bytes"], 0);
    for path in ["/", "/models"] {
        let page = page(&house, path).await;
        for says in ["1 model found, being checked", "<progress", " MB read."] {
            assert!(page.contains(says), "{says} is not on {path}");
        }
        assert!(!page.contains("No model") && !page.contains(TEACHING));
    }
    drop(measurement);
    house.settled_library().await;
    let (_, library) = house.get("/api/models").await;
    for bytes in ["pending_bytes", "pending_read_bytes"] {
        assert_eq!(library[bytes], 0, "{library}");
    }
    for path in ["/", "/models"] {
        let page = page(&house, path).await;
        assert!(page.contains("tiny") && !page.contains("being checked"));
    }
}

/// How far it is was said only where there was no other model.
#[tokio::test(flavor = "multi_thread")]
async fn of_one_more_model_too_is_said_how_far_it_is_read() {
    let house = House::with_model().await;
    house.settled_library().await;
    let id = house.model_id("llama").await;
    let measurement = hold_machine(&house);
    tiny_model::write_as(
        &house.models(),
        "more.gguf",
        Tiny {
            n_blocks: 3,
            ..Tiny::default()
        },
    );
    let page = page(&house, "/models").await;
    for says in [
        id.as_str().expect("an id"),
        "1 more file is",
        "<progress",
        " MB read.",
    ] {
        assert!(page.contains(says), "{says} is not said: {page}");
    }
    drop(measurement);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_was_found_is_said_where_to_put_a_model() {
    let house = House::empty(real_workers()).await;
    let (_, library) = house.get("/api/models").await;
    assert_eq!(library["unusable"], Value::Array(Vec::new()));
    for path in ["/", "/models"] {
        let page = page(&house, path).await;
        assert!(page.contains("No model yet") && page.contains(TEACHING));
    }
    // What was found is not denied.
    fs::write(house.models().join("text.gguf"), "hello").expect("a file");
    for path in ["/", "/models"] {
        let page = page(&house, path).await;
        for says in [
            "No model that can be measured",
            "1 file was found that cannot be measured.",
            TEACHING,
        ] {
            assert!(page.contains(says), "{says} is not on {path}");
        }
    }
}
