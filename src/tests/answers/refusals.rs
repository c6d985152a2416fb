//! What every operation refuses.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use super::{MEASURING, for_path};
use crate::house::{HOST, House};
use crate::witness::Witness;

pub async fn see(witness: &mut Witness, house: &House) {
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
        let unknown = Request::builder()
            .method(method.to_ascii_uppercase().as_str())
            .uri(path.replace("{id}", "1") + "?limit%20=1&foo=1")
            .header("host", HOST)
            .header("content-type", "application/json");
        wrong.push((400, unknown.body(Body::from("{}"))));
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
