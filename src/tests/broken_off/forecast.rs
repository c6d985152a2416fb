//! While sizes are predicted: whoever asks may go, and its worker be killed.

use std::time::Duration;

use axum::http::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use whittle::domain::run::RunId;

use super::{
    MODELS, comparison, house_with_slow_model, quantized, reads, send, start, the_next_works,
};
use crate::endings::there_when_free;
use crate::fake_ollama::serve;
use crate::house::{HOST, House, message};
use crate::workers::workers_of;

const FORECAST: &str = "/api/variants/forecast";

/// The same size so often that predicting it takes a while.
async fn asked(house: &House) -> Value {
    let model = house.model_id("llama").await;
    json!({"model": model, "recipes": vec![quantized("q6_k"); 64]})
}

/// Holds the worker of a forecast that is asked for meanwhile.
async fn held(house: &House) -> u32 {
    for _ in 0..60_000 {
        let mut workers = workers_of(house).into_iter();
        if let Some(worker) = workers.find(|worker| reads(*worker, MODELS)) {
            send(Signal::STOP, worker);
            return worker;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("no worker was started");
}

async fn the_same_works(house: &House) {
    let (status, answer) = house.post(FORECAST, &asked(house).await).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(workers_of(house), [0; 0], "a worker lives on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_predicts_sizes_is_said() {
    let house = house_with_slow_model().await;
    let body = asked(&house).await;
    let kill = async { send(Signal::KILL, held(&house).await) };
    let ((status, answer), ()) = tokio::join!(house.post(FORECAST, &body), kill);
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
    assert_eq!(answer["error"]["code"], "run_failed");
    let says =
        "slow.gguf: the worker process was killed (signal 9, SIGKILL) while predicting the size: ";
    assert!(message(&answer).starts_with(says), "{answer}");
    the_same_works(&house).await;
}

/// The next run could begin beside a worker that was still dying.
#[tokio::test(flavor = "multi_thread")]
async fn the_machine_is_free_only_once_the_worker_is_gone_of_one_who_hung_up() {
    let house = house_with_slow_model().await;
    let body = asked(&house).await.to_string();
    let mut caller = TcpStream::connect(serve(house.router.clone()).await)
        .await
        .expect("a connection");
    let request = format!(
        "POST {FORECAST} HTTP/1.1\r\nHost: {HOST}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let sent = caller.write_all(request.as_bytes()).await;
    sent.expect("it is taken");
    let worker = held(&house).await;
    let there = there_when_free(&house, worker);
    drop(caller);
    assert!(!there.join().expect("the lock"), "it outlives the lock");
    the_same_works(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_asked_for_meanwhile_waits_for_the_forecast_and_works() {
    let house = house_with_slow_model().await;
    let body = asked(&house).await;
    let mut forecast = Box::pin(house.post(FORECAST, &body));
    let worker = tokio::select! {
        answer = &mut forecast => panic!("it is over: {answer:?}"),
        worker = held(&house) => worker,
    };
    let short = comparison(&quantized("q8_0"));
    let id = start(&house, &short).await;
    let job = house.queue.job(RunId(id)).expect("it is not over");
    let waits = async {
        while !job.waits_for_machine() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waits = tokio::time::timeout(Duration::from_secs(60), waits).await;
    waits.expect("its turn comes, and it waits");
    assert_eq!(workers_of(&house), [worker]);
    drop(forecast);
    house.wait_for(id, "done").await;
    the_next_works(&house, &short).await;
}
