//! What is cancelled, or whose worker is killed, at every stage of a comparison: nothing
//! half made stays, no worker lives on, the run says why it ended, and the next one works.

mod forecast;
mod making;
mod measuring;
mod quality;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::StatusCode;
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use whittle::domain::event::{RunEvent, Sequenced};
use whittle::domain::run::RunId;
use whittle::machine_lock::MachineLock;

use crate::house::House;
use crate::shop::{NO_FILES, files_below};
use crate::tiny_model::{self, Tiny};
use crate::workers::{real_workers, workers_of};

/// The folders of the models that workers read: of the baseline, and of variants.
const MODELS: &str = "/data/models/";
const VARIANTS: &str = "/data/variants/";

/// A house with a model that takes a while at every stage.
async fn house_with_slow_model() -> House {
    let slow = Tiny {
        n_tokens: 30_000,
        n_blocks: 4,
        n_ff: 1024,
        ..Tiny::default()
    };
    house_with(slow).await
}

async fn house_with(model: Tiny) -> House {
    let house = House::empty(real_workers()).await;
    tiny_model::write_as(&house.models(), "slow.gguf", model);
    house.settled_library().await;
    house
}

/// A short comparison with what comes of this recipe.
fn comparison(recipe: &Value) -> Value {
    json!({
        "recipes": [recipe], "test_queries": ["hello"],
        "iterations": 1, "max_tokens": 4, "n_threads": 1,
    })
}

fn quantized(level: &str) -> Value {
    json!({"quantize": {"level": level}})
}

async fn start(house: &House, body: &Value) -> i64 {
    let (status, run) = house.post("/api/runs", body).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    run["id"].as_i64().expect("an id")
}

/// Sends a signal to a worker, which may be gone by then.
fn send(signal: Signal, worker: u32) {
    let pid = i32::try_from(worker).ok().and_then(Pid::from_raw);
    let _ = kill_process(pid.expect("a process"), signal);
}

/// Starts a run and holds the worker that is meant while it is in the stage that is
/// meant: what an event says of the stage, `is_now` tells.
async fn held(
    house: &House,
    body: &Value,
    is_now: impl Fn(&RunEvent) -> bool,
    is_it: impl Fn(u32) -> bool,
) -> (i64, u32) {
    for _ in 0..20 {
        // No event is missed: it waits until somebody listens.
        let machine = MachineLock::take(&house.path().join("machine.lock")).await;
        let id = start(house, body).await;
        let mut events = house.queue.subscribe(RunId(id)).expect("it goes on");
        drop(machine.expect("the machine"));
        reach(&mut events, &is_now).await;
        while !has_passed(&mut events, &is_now) {
            if let Some(worker) = workers_of(house).into_iter().find(|worker| is_it(*worker)) {
                send(Signal::STOP, worker);
                // What it had said before is told by then.
                tokio::time::sleep(Duration::from_millis(50)).await;
                if !has_passed(&mut events, &is_now) {
                    return (id, worker);
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // It was quicker: once more.
        house.post("/api/runs/cancel", &json!({"id": id})).await;
    }
    panic!("the stage is over each time before a worker is held");
}

async fn reach(events: &mut Receiver<Sequenced>, is_now: impl Fn(&RunEvent) -> bool) {
    loop {
        match events.recv().await.map(|event| event.event) {
            Ok(event) if is_now(&event) => return,
            Ok(event) if event.is_terminal() => panic!("it ended too early: {event:?}"),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => panic!("it ended too early"),
        }
    }
}

/// Whether a run has said meanwhile that it is somewhere else, or over.
fn has_passed(events: &mut Receiver<Sequenced>, is_now: impl Fn(&RunEvent) -> bool) -> bool {
    loop {
        match events.try_recv().map(|event| event.event) {
            Ok(event) => {
                let tells_of_stage = matches!(
                    event,
                    RunEvent::Stage(_) | RunEvent::Making(_) | RunEvent::Quality(_)
                );
                if (tells_of_stage || event.is_terminal()) && !is_now(&event) {
                    return true;
                }
            }
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Closed) => return true,
        }
    }
}

/// Whether a worker reads a model of this folder: it has mapped it, or opened it beside
/// the descriptor that it was given. While it confines itself it names each by a further
/// descriptor, which reads nothing.
fn reads(worker: u32, folder: &str) -> bool {
    let process = Path::new("/proc").join(worker.to_string());
    let descriptors = fs::read_dir(process.join("fd")).into_iter().flatten();
    let is_read = |entry: &fs::DirEntry| {
        let path = fs::read_link(entry.path()).unwrap_or_default();
        let about = process.join("fdinfo").join(entry.file_name());
        let about = fs::read_to_string(about).unwrap_or_default();
        path.to_string_lossy().contains(folder) && is_open(&about)
    };
    let n_open = descriptors.flatten().filter(is_read).count();
    let maps = fs::read_to_string(process.join("maps")).unwrap_or_default();
    n_open > 1 || maps.contains(folder)
}

/// Whether a descriptor, of which the system says this, opens its file: it is still there
/// and does more than name it.
fn is_open(fdinfo: &str) -> bool {
    let flags = fdinfo.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| !OFlags::from_bits_retain(flags).contains(OFlags::PATH))
}

#[test]
fn a_file_that_is_only_named_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    fs::write(&path, "GGUF").expect("a model");
    let reads = || reads(std::process::id(), &folder.path().to_string_lossy());
    let open = |flags| rustix::fs::open(&path, flags | OFlags::CLOEXEC, rustix::fs::Mode::empty());
    let _given = open(OFlags::RDONLY).expect("a descriptor");
    let _named = open(OFlags::PATH).expect("a descriptor");
    assert!(!reads());
    let _read = open(OFlags::RDONLY).expect("a descriptor");
    assert!(reads());
}

async fn cancel(house: &House, id: i64) {
    let (status, ended) = house.post("/api/runs/cancel", &json!({"id": id})).await;
    assert_eq!(status, StatusCode::OK, "{ended}");
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(ended["failure"], Value::Null);
    assert_eq!(ended["arms"], json!([]));
}

/// Kills a worker and returns what its run, which fails by that, says.
async fn killed(house: &House, (id, worker): (i64, u32)) -> String {
    send(Signal::KILL, worker);
    let run = house.wait_for(id, "failed").await;
    let said = run["failure"]["message"].as_str().expect("a message");
    assert!(said.contains("SIGKILL"), "{said}");
    assert_eq!(run["failure"]["kind"], "worker_crashed");
    assert_eq!(run["comparison"], Value::Null);
    said.to_owned()
}

/// No worker, and of the variants' folder what is named here.
fn left(house: &House) -> Vec<PathBuf> {
    assert_eq!(workers_of(house), [0; 0], "a worker lives on");
    let cache = files_below(&house.path().join("data/cache/making"));
    assert_eq!(cache, NO_FILES);
    files_below(&house.path().join("data/variants"))
}

/// A run to its end: the variant is whole.
async fn the_next_works(house: &House, body: &Value) {
    let id = start(house, body).await;
    let run = house.wait_for(id, "done").await;
    assert_eq!(run["arms"].as_array().map(Vec::len), Some(2), "{run}");
    let left = left(house);
    assert_eq!(left.len(), 2, "a variant and what is known of it: {left:?}");
    let is_model = |file: &&PathBuf| file.extension().is_some_and(|end| end == "gguf");
    for file in left.iter().filter(is_model) {
        let size = fs::metadata(file).expect("the variant").len();
        assert_eq!(run["arms"][1]["model"]["size_bytes"], size);
    }
}
