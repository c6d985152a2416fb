//! The whole document, and the file that it is kept in.

use std::collections::BTreeMap;

use schemars::Schema;
use serde::Serialize;
use serde_json::{Value, json};

use super::operation::Operation;
use super::schemas::Schemas;
use super::{errors, operations};

const ABOUT: &str = "\
Whittle measures local language models on this machine. This is all that it answers to over HTTP.

**Errors** are `{\"error\": {\"code\", \"message\"}}` with the right status; the message says what \
failed, for which input, and what to do. A path that is asked with another method than those \
described answers 405 (`method_not_allowed`) and names its methods in `Allow`. A parameter that \
an operation does not take is refused by its name.

**Security.** There is no login: Whittle listens on this machine's loopback address alone. The \
`Host` of a request must be exactly the address that `whittle serve` printed, `localhost`, \
`127.0.0.1` or `[::1]`, with its port. A request that a page of another site sent (`Sec-Fetch-Site`, \
`Origin`) is refused unless it only reads; no answer carries CORS headers. A POST must have \
`Content-Type: application/json` and a body of at most 1 MiB. Models are named by library ids, \
never by paths. Texts from models and prompts are untrusted: show them as text.

**Numbers** carry their unit in their name or description; MB is 10^6 bytes. Readers ignore fields \
that they do not know: later versions add some.";

/// An OpenAPI document; the fields stand in the order that people read.
#[derive(Serialize)]
struct Document {
    openapi: &'static str,
    info: Value,
    servers: Value,
    security: Value,
    tags: Value,
    paths: BTreeMap<&'static str, BTreeMap<&'static str, Operation>>,
    components: Components,
}

#[derive(Serialize)]
struct Components {
    responses: BTreeMap<&'static str, Value>,
    schemas: BTreeMap<String, Schema>,
}

fn document() -> Document {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for operation in operations::all(&mut schemas) {
        let methods = paths.entry(operation.path).or_default();
        let (path, method) = (operation.path, operation.method);
        let before = methods.insert(method, operation);
        assert!(before.is_none(), "{method} {path} is described twice");
    }
    let mut responses = errors::answers(&mut schemas);
    // No operation has it: it is the answer to methods that are none.
    responses.remove("MethodNotAllowed");
    Document {
        openapi: "3.1.0",
        info: json!({
            "title": "Whittle",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "identifier": env!("CARGO_PKG_LICENSE")},
        }),
        servers: json!([{"url": "/", "description": "The address that `whittle serve` printed."}]),
        security: json!([]),
        tags: operations::tags(),
        paths,
        components: Components {
            responses,
            schemas: schemas.components(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use leptos::server_fn::axum::server_fn_paths;

    use super::*;
    use crate::domain::label::{NAME_CHARS_LIMIT, NOTE_CHARS_LIMIT};
    use crate::domain::prompt_set::SETS_LIMIT;
    use crate::domain::run::{RunRequest, RunSpec};
    use crate::domain::{defaults, units};
    use crate::server::history::MAX_PAGE;
    use crate::server::openapi::DOCUMENT;
    use crate::server::router::plain_routes;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/server/openapi.json");

    fn kept() -> Value {
        serde_json::from_str(DOCUMENT).expect("JSON")
    }

    #[test]
    fn the_openapi_file_is_that_of_the_types() {
        let made = serde_json::to_string_pretty(&document()).expect("JSON") + "\n";
        if std::env::var_os("WHITTLE_WRITE_SCHEMA").is_some() {
            std::fs::write(FILE, &made).expect("the document's file");
        }
        let kept = std::fs::read_to_string(FILE).expect("the document's file");
        assert!(
            made == kept,
            "the HTTP interface has changed; write its description anew with WHITTLE_WRITE_SCHEMA=1 \
             cargo test --release --no-default-features --features ssr file_is_that_of_the_types"
        );
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let plain = plain_routes().map(|(path, _)| path);
        let mut routes: BTreeSet<(String, String)> = plain
            .into_iter()
            .map(|path| (path.to_owned(), "get".to_owned()))
            .collect();
        routes.extend(
            server_fn_paths()
                .map(|(path, method)| (path.to_owned(), method.as_str().to_ascii_lowercase())),
        );
        assert!(routes.len() >= 19, "{routes:?}");
        let document = kept();
        let mut described = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for method in methods.as_object().expect("methods").keys() {
                described.insert((path.clone(), method.clone()));
            }
        }
        assert_eq!(described, routes);
    }

    #[test]
    fn the_bounds_are_those_that_are_checked() {
        let document = kept();
        let fields = &document["components"]["schemas"]["RunRequest"]["properties"];
        let mut n_bounds = 0;
        for (name, field) in fields.as_object().expect("fields") {
            let passes = |value: Value| {
                // Room for the largest of each.
                let mut body = json!({"n_ctx": 1 << 20, "n_batch": 1 << 16, "n_ubatch": 1});
                body["max_tokens"] = json!(1);
                body[name] = value;
                let request: RunRequest = serde_json::from_value(body).expect("a request");
                RunSpec::try_from(request).is_ok()
            };
            for (bound, beyond) in [("minimum", -1), ("maximum", 1)] {
                let Some(bound) = field[bound].as_i64() else {
                    continue;
                };
                n_bounds += 1;
                assert!(passes(json!(bound)), "{name} {bound}");
                assert!(!passes(json!(bound + beyond)), "{name} {bound}");
            }
            if name == "test_queries" {
                let plain = &document["components"]["schemas"]["Prompt"]["anyOf"][0];
                let prompts = |n: u64| json!(vec!["a"; n as usize]);
                let prompt = |n: u64| json!([" ".repeat(n as usize - 1) + "é"]);
                for (most, of) in [
                    (&field["maxItems"], &prompts as &dyn Fn(u64) -> Value),
                    (&plain["maxLength"], &prompt),
                ] {
                    let most = most.as_u64().expect("a bound");
                    assert!(passes(of(most)));
                    assert!(!passes(of(most + 1)));
                }
                assert!(!passes(json!([])));
            }
        }
        assert!(n_bounds >= 16, "only {n_bounds} bounds");
    }

    #[test]
    fn a_left_out_field_counts_as_its_default() {
        let document = kept();
        let fields = &document["components"]["schemas"]["RunRequest"]["properties"];
        let mut body = json!({});
        for (name, field) in fields.as_object().expect("fields") {
            if let Some(value) = field.get("default") {
                body[name] = value.clone();
            }
        }
        assert!(
            body.as_object().is_some_and(|body| body.len() >= 8),
            "{body}"
        );
        let spec = |body| {
            RunSpec::try_from(serde_json::from_value::<RunRequest>(body).expect("a request"))
        };
        assert_eq!(spec(body), spec(json!({})));
    }

    #[test]
    fn the_numbers_in_sentences_are_those_that_hold() {
        let document = kept();
        let paths = &document["paths"];
        let label = &document["components"]["schemas"]["RunLabel"]["properties"];
        let set = &document["components"]["schemas"]["PromptSetKept"]["properties"];
        let limit = paths["/api/runs"]["get"]["parameters"].as_array();
        let limit = limit.into_iter().flatten().find(|p| p["name"] == "limit");
        for (described, number) in [
            (&label["name"], NAME_CHARS_LIMIT as u64),
            (&label["note"], NOTE_CHARS_LIMIT as u64),
            (&set["name"], NAME_CHARS_LIMIT as u64),
            (&paths["/api/prompt-sets"]["post"], u64::from(SETS_LIMIT)),
            (limit.expect("a parameter"), u64::from(MAX_PAGE)),
            (&paths["/api/runs"]["post"], defaults::QUEUE_LIMIT as u64),
            (
                &paths["/api/runs/delete"]["post"],
                u64::from(defaults::DELETED_KEPT_DAYS),
            ),
        ] {
            let sentence = described["description"].as_str().expect("a text");
            let number = units::count(number);
            assert!(sentence.contains(&number), "{number}: {sentence}");
        }
    }
}
