//! The OpenAPI document itself, and what it says of every path alike.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::house::{HOST, House, message};
use crate::witness::Witness;
use crate::workers::real_workers;

/// Every value in the document, with the name that it has.
fn walk<'a>(name: &'a str, value: &'a Value, visit: &mut dyn FnMut(&'a str, &'a Value)) {
    visit(name, value);
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| walk(name, value, visit)),
        Value::Array(items) => items.iter().for_each(|value| walk(name, value, visit)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_whole() {
    let house = House::empty(real_workers()).await;
    let (_, document) = house.get("/api/openapi.json").await;
    let witness = Witness::new(document.clone());
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));

    let mut references = BTreeSet::new();
    walk("", &document, &mut |name, value| {
        if let (true, Some(to)) = (name == "$ref", value.as_str()) {
            references.insert(to.to_owned());
        }
        if name == "description" && value.is_string() {
            let text = value.as_str().unwrap_or_default();
            assert!(
                !text.is_empty() && !text.contains("[`"),
                "no plain text: {text}"
            );
        }
    });
    for reference in &references {
        witness.resolved(&json!({"$ref": reference}));
    }
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind]
            .as_object()
            .expect("components")
            .keys()
        {
            let reference = format!("#/components/{kind}/{name}");
            assert!(references.contains(&reference), "{reference} is not used");
        }
    }

    let tags: Vec<&Value> = document["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    let mut ids = BTreeSet::new();
    let operations = witness.operations();
    for ((path, method), operation) in &operations {
        let id = operation["operationId"].as_str().expect("an id");
        assert!(ids.insert(id), "{id} stands twice");
        assert!(tags.contains(&&operation["tags"][0]), "{id}");
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{id}"
        );
        assert!(operation["responses"]["200"].is_object(), "{id}");
        assert_eq!(
            operation["requestBody"].is_object(),
            method == "post",
            "{id}"
        );
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let in_path: Vec<String> = parameters
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap_or_default()))
            .collect();
        assert_eq!(in_path.len(), path.matches('{').count(), "{id}");
        assert!(in_path.iter().all(|name| path.contains(name)), "{id}");
    }
    for (_, operation) in &operations {
        for link in operation["responses"]["200"]["links"]
            .as_object()
            .into_iter()
            .flatten()
        {
            let to = link.1["operationId"].as_str().expect("an operation");
            assert!(ids.contains(to), "{to}");
        }
        let mut media: Vec<&Value> = vec![&operation["requestBody"]];
        media.extend(
            operation["responses"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(_, answer)| witness.resolved(answer)),
        );
        for media in media
            .iter()
            .flat_map(|body| body["content"].as_object())
            .flatten()
        {
            let (schema, single) = (&media.1["schema"], media.1.get("example"));
            let named = media.1["examples"].as_object().into_iter().flatten();
            for example in single
                .into_iter()
                .chain(named.map(|(_, example)| &example["value"]))
            {
                witness.assert_valid("an example", schema, example);
            }
        }
    }
}

/// Whoever writes a client must see what is made for the pages alone.
#[test]
fn what_the_readme_does_not_promise_is_marked_as_internal() {
    let root = env!("CARGO_MANIFEST_DIR");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).expect("a file");
    let readme = read("README.md");
    let document = serde_json::from_str(&read("src/server/openapi.json")).expect("JSON");
    let mut n_internal = 0;
    for ((path, _), operation) in Witness::new(document).operations() {
        let is_promised = ['`', '?']
            .iter()
            .any(|end| readme.contains(&format!("{path}{end}")));
        let tag = operation["tags"][0].as_str().expect("a tag");
        let is_internal = tag.contains("internal, may change");
        assert_ne!(is_promised, is_internal, "{path}: {tag}");
        n_internal += u32::from(is_internal);
    }
    assert!(n_internal > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_told_which_there_are() {
    let house = House::empty(real_workers()).await;
    for (method, path, allowed, said) in [
        ("DELETE", "/api/runs/1", "GET,HEAD", "GET"),
        ("DELETE", "/api/runs", "GET,HEAD,POST", "GET and POST"),
        ("GET", "/api/benchmark/baseline", "POST", "POST"),
        ("GET", "/api/runs/cancel", "POST", "POST"),
        ("PUT", "/events/runs/1", "GET,HEAD", "GET"),
        ("DELETE", "/healthz", "GET,HEAD", "GET"),
        ("POST", "/api/about", "GET,HEAD", "GET"),
        ("POST", "/healthz", "GET,HEAD", "GET"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", HOST);
        let request = request.body(Body::empty()).expect("a request");
        let answer = house.router.clone().oneshot(request).await;
        let answer = answer.expect("an answer");
        assert_eq!(
            answer.status(),
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        let allows = answer.headers()["allow"].to_str().expect("a text");
        let mut allows: Vec<&str> = allows.split(',').collect();
        allows.sort_unstable();
        assert_eq!(allows.join(","), allowed, "{path}");
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20)
            .await
            .expect("a body");
        let body: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(body["error"]["code"], "method_not_allowed");
        let says = format!("{path} takes {said}, not {method};");
        assert!(message(&body).starts_with(&says), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_errors_keep_their_status_and_streams_stay_plain() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    for encoding in ["gzip", "br"] {
        for (path, status, is_compressed) in [
            ("/api/models", StatusCode::OK, true),
            ("/api/run", StatusCode::BAD_REQUEST, true),
            ("/events/runs/1", StatusCode::OK, false),
        ] {
            let request = Request::get(path)
                .header("host", HOST)
                .header("accept-encoding", encoding);
            let request = request.body(Body::empty()).expect("a request");
            let answer = house.router.clone().oneshot(request).await;
            let answer = answer.expect("an answer");
            assert_eq!(answer.status(), status, "{path} {encoding}");
            let has_encoding = answer.headers().contains_key("content-encoding");
            assert_eq!(has_encoding, is_compressed, "{path} {encoding}");
        }
    }
}
