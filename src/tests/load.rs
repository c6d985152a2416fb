//! Many at once: requests through the router and over sockets.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::fake_ollama::serve;
use crate::house::{HOST, House};

fn long_run() -> String {
    json!({"test_queries": ["hello"], "iterations": 100, "max_tokens": 1000}).to_string()
}

/// Accepted or told that the queue is full; nothing else, and none forgotten.
fn all_told(answers: &BTreeMap<u16, usize>, n: usize) {
    let ok = answers.get(&200).copied().unwrap_or(0);
    let full = answers.get(&429).copied().unwrap_or(0);
    assert_eq!(ok + full, n, "{answers:?}");
    // One runs and sixteen wait.
    assert!((16..=17).contains(&ok), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_posts_at_once_are_all_answered() {
    let house = House::with_model().await;
    house.settled_library().await;
    let mut posts = JoinSet::new();
    for _ in 0..10_000 {
        let request = Request::post("/api/runs")
            .header("host", HOST)
            .header("content-type", "application/json")
            .body(Body::from(long_run()));
        posts.spawn(house.router.clone().oneshot(request.expect("a request")));
    }
    let mut answers = BTreeMap::new();
    while let Some(answer) = posts.join_next().await {
        let status = answer.expect("no panic").expect("an answer").status();
        *answers.entry(status.as_u16()).or_default() += 1;
    }
    all_told(&answers, 10_000);
    let (status, health) = house.get("/healthz").await;
    assert_eq!((status, &health["status"]), (StatusCode::OK, &json!("ok")));
    house.queue.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_sockets_at_once_are_all_answered() {
    let house = House::with_model().await;
    house.settled_library().await;
    let address = serve(house.router.clone()).await;
    let mut posts = JoinSet::new();
    for _ in 0..200 {
        posts.spawn(async move {
            let mut socket = TcpStream::connect(address).await.expect("a connection");
            let body = long_run();
            let head = format!(
                "POST /api/runs HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            socket
                .write_all(head.as_bytes())
                .await
                .expect("it is taken");
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await.expect("an answer");
            answer[9..12].parse::<u16>().expect("a status")
        });
    }
    let mut answers = BTreeMap::new();
    while let Some(status) = posts.join_next().await {
        *answers.entry(status.expect("no panic")).or_default() += 1;
    }
    all_told(&answers, 200);
    house.queue.shut_down().await;
}
