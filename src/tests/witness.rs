//! Holds real answers against the OpenAPI document, and remembers which of the
//! described answers were seen.

use std::collections::BTreeSet;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::house::{HOST, House};

/// An operation's path and method, as the document writes them.
pub type Name = (String, String);

pub struct Witness {
    document: Value,
    seen: BTreeSet<(Name, u16)>,
}

impl Witness {
    pub fn new(document: Value) -> Self {
        Self {
            document,
            seen: BTreeSet::new(),
        }
    }

    /// Every operation with its description.
    pub fn operations(&self) -> Vec<(Name, Value)> {
        let mut all = Vec::new();
        for (path, methods) in self.document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                all.push(((path.clone(), method.clone()), operation.clone()));
            }
        }
        all
    }

    /// The described answers that were not seen.
    pub fn unseen(&self) -> Vec<String> {
        let mut unseen = Vec::new();
        for (name, operation) in self.operations() {
            for status in operation["responses"].as_object().expect("answers").keys() {
                let status: u16 = status.parse().expect("a status");
                if !self.seen.contains(&(name.clone(), status)) {
                    unseen.push(format!("{} {} {status}", name.1, name.0));
                }
            }
        }
        unseen
    }

    pub async fn get(&mut self, house: &House, path: &str, address: &str) -> (StatusCode, Value) {
        let request = Request::get(address).header("host", HOST);
        let request = request.body(Body::empty()).expect("a request");
        self.ask(house, path, request).await
    }

    pub async fn post(&mut self, house: &House, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header("host", HOST)
            .header("content-type", "application/json");
        let request = request.body(Body::from(body.to_string()));
        self.ask(house, path, request.expect("a request")).await
    }

    /// Sends a request to the operation at `path` and holds the answer against
    /// its description.
    pub async fn ask(
        &mut self,
        house: &House,
        path: &str,
        request: Request<Body>,
    ) -> (StatusCode, Value) {
        let method = request.method().as_str().to_ascii_lowercase();
        let name = (path.to_owned(), method);
        let answer = house.router.clone().oneshot(request).await;
        let answer = answer.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = to_bytes(answer.into_body(), 8 << 20).await.expect("a body");
        let body = self.check(&name, status, &headers, &bytes);
        self.seen.insert((name, status.as_u16()));
        (status, body)
    }

    fn check(&self, name: &Name, status: StatusCode, headers: &HeaderMap, bytes: &Bytes) -> Value {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let operation = &self.document["paths"][&name.0][&name.1];
        let answer = self.resolved(&operation["responses"][status.as_str()]);
        assert!(
            answer.is_object(),
            "{name:?} {status} is not described: {text}"
        );
        let kind = headers["content-type"].to_str().expect("a text");
        let kind = kind.split(';').next().unwrap_or_default();
        let media = &answer["content"][kind];
        assert!(media.is_object(), "{name:?} {status} has no {kind}: {text}");
        for (header, described) in answer["headers"].as_object().into_iter().flatten() {
            let is_there = headers.contains_key(header.to_ascii_lowercase());
            assert!(
                is_there || described["required"] != true,
                "{name:?}: {header}"
            );
        }
        let what = format!("{name:?} {status}");
        let schema = &media["schema"];
        if kind == "text/event-stream" {
            for event in events(&text) {
                self.assert_valid(&what, schema, &event);
                let data = event["data"].as_str().expect("data");
                let data = serde_json::from_str(data).expect("JSON");
                self.assert_valid(&what, &schema["properties"]["data"]["contentSchema"], &data);
            }
            return Value::from(text);
        }
        let value = match kind {
            kind if kind.ends_with("json") => serde_json::from_slice(bytes).expect("JSON"),
            _ => Value::from(text),
        };
        self.assert_valid(&what, schema, &value);
        value
    }

    pub fn assert_valid(&self, what: &str, schema: &Value, value: &Value) {
        // References lead into the document.
        let whole = json!({"allOf": [schema], "components": self.document["components"]});
        let validator = jsonschema::draft202012::new(&whole).expect("a schema");
        let faults: Vec<String> = validator
            .iter_errors(value)
            .map(|fault| format!("{} at {}", fault, fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{what}: {faults:#?}\n{value}");
    }

    /// What a reference leads to; anything else as it is.
    pub fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value["$ref"].as_str() else {
            return value;
        };
        let pointer = reference.strip_prefix('#').expect("a reference within");
        let target = self.document.pointer(pointer);
        target.unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }
}

/// The events of a stream, each with its fields.
fn events(text: &str) -> Vec<Value> {
    let frames = text.split("\n\n").filter(|frame| !frame.is_empty());
    let event = |frame: &str| {
        let fields = frame.lines().filter_map(|line| line.split_once(": "));
        fields.collect::<Value>()
    };
    frames.map(event).collect()
}
