//! Requests that come from elsewhere.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use tower::ServiceExt;

use crate::house::{HOST, House};
use crate::workers::real_workers;

fn post(headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::post("/api/runs").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from("{}")).expect("a request")
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_are_refused_on_every_route() {
    let house = House::with_model().await;
    for host in [
        "evil.example",
        "127.0.0.1:9",
        "localhost",
        "evil.example:8320",
        "",
    ] {
        for path in [
            "/",
            "/api/models",
            "/events/runs/1",
            "/healthz",
            "/pkg/whittle.js",
        ] {
            let request = Request::get(path).header("host", host).body(Body::empty());
            let (status, answer) = house.ask(request.expect("a request")).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{host} {path}: {answer}");
        }
    }
    let request = Request::get("/healthz")
        .body(Body::empty())
        .expect("a request");
    assert_eq!(house.ask(request).await.0, StatusCode::FORBIDDEN);
    for host in ["localhost:8320", "127.0.0.1:8320", "[::1]:8320"] {
        let request = Request::get("/healthz")
            .header("host", host)
            .body(Body::empty());
        assert_eq!(
            house.ask(request.expect("a request")).await.0,
            StatusCode::OK,
            "{host}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_of_other_sites_are_refused() {
    let house = House::with_model().await;
    let foreign: [&[(&str, &str)]; 4] = [
        &[("host", HOST), ("sec-fetch-site", "cross-site")],
        &[("host", HOST), ("sec-fetch-site", "same-site")],
        &[("host", HOST), ("origin", "http://evil.example")],
        &[("host", HOST), ("origin", "null")],
    ];
    for headers in foreign {
        let (status, answer) = house.ask(post(headers)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}: {answer}");
        assert_eq!(answer["error"]["code"], "forbidden");
    }
    let own = [
        ("host", HOST),
        ("sec-fetch-site", "same-origin"),
        ("origin", "http://127.0.0.1:8320"),
    ];
    let (status, answer) = house.ask(post(&own)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_carry_a_policy_with_a_fresh_nonce() {
    let house = House::empty(real_workers()).await;
    let mut policies = Vec::new();
    for _ in 0..2 {
        let request = Request::get("/").header("host", HOST).body(Body::empty());
        let request = request.expect("a request");
        let response = house
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .expect("a text");
        let scripts = policy
            .split("; ")
            .find(|directive| directive.starts_with("script-src "))
            .expect("a rule for scripts");
        assert!(
            scripts.contains("'nonce-") && !scripts.contains("unsafe-inline"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"));
        policies.push(policy.to_owned());
    }
    assert_ne!(policies[0], policies[1]);
}
