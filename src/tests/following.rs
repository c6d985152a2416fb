//! Whoever follows a run or waits for it may go away and come back: that ends nothing,
//! and nothing is missed.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tower::ServiceExt;
use whittle::domain::run::RunId;

use crate::fake_ollama::serve;
use crate::house::{HOST, House};

/// Long enough to go away meanwhile.
fn long_enough() -> Value {
    json!({"test_queries": ["hello"], "iterations": 2, "max_tokens": 1000})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_replays_and_ends() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 8});
    house.post("/api/benchmark/baseline", &body).await;
    let (_, stream) = house.get("/events/runs/1").await;
    let stream = stream.as_str().expect("a stream");
    assert!(stream.starts_with("id: 0\n"), "{stream}");
    assert!(stream.contains(r#""type":"snapshot""#));
    assert!(stream.contains(r#""type":"sample""#));
    assert!(stream.trim_end().ends_with('}') && stream.contains(r#""type":"done""#));
    let (status, _) = house.get("/events/runs/77").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

/// The numbers of the events of a run that is over, as a browser is sent them that has
/// seen those up to `last`.
async fn numbers_after(house: &House, last: Option<&str>) -> Vec<u64> {
    let request = Request::get("/events/runs/1").header("host", HOST);
    let request = match last {
        Some(last) => request.header("last-event-id", last),
        None => request,
    };
    let (status, stream) = house
        .ask(request.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(status, StatusCode::OK, "{stream}");
    let lines = stream.as_str().expect("a stream").lines();
    let number = |line: &str| line.strip_prefix("id: ")?.parse().ok();
    lines.filter_map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_after_the_last_event_that_was_seen() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 8});
    house.post("/api/benchmark/baseline", &body).await;
    let all = numbers_after(&house, None).await;
    assert!(all.len() > 4 && all.is_sorted(), "{all:?}");
    for seen in [1, all.len() / 2, all.len() - 1] {
        // The snapshot, which has the number of what was seen, and all after it.
        let rest = numbers_after(&house, Some(&all[seen].to_string())).await;
        assert_eq!(rest, all[seen..]);
    }
    assert_eq!(numbers_after(&house, Some("none")).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_goes_away_ends_nothing() {
    let house = House::with_model().await;
    let (_, run) = house.post("/api/runs", &long_enough()).await;
    let id = run["id"].as_i64().expect("an id");
    let request = Request::get(format!("/events/runs/{id}")).header("host", HOST);
    let request = request.body(Body::empty()).expect("a request");
    let stream = house.router.clone().oneshot(request).await;
    let mut pieces = stream.expect("an answer").into_body().into_data_stream();
    let first = pieces.next().await;
    assert!(first.is_some_and(|piece| piece.is_ok()), "it is followed");
    drop(pieces);
    assert!(house.queue.job(RunId(id)).is_some(), "it was over already");
    house.wait_for(id, "done").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_hangs_up_while_it_waits_for_the_figures_ends_nothing() {
    let house = House::with_model().await;
    let mut caller = TcpStream::connect(serve(house.router.clone()).await)
        .await
        .expect("a connection");
    let body = long_enough().to_string();
    let request = format!(
        "POST /api/benchmark/baseline HTTP/1.1\r\nHost: {HOST}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let sent = caller.write_all(request.as_bytes()).await;
    sent.expect("it is taken");
    house.wait_for(1, "running").await;
    drop(caller);
    assert!(house.queue.job(RunId(1)).is_some(), "it was over already");
    let run = house.wait_for(1, "done").await;
    let generated = &run["arms"][0]["tokens_per_second"]["measured"];
    assert_eq!(generated["n_launches"], 2, "{run}");
}
