//! What a worker can touch: its model, its output folder, its share of memory.

use std::fs;
use std::path::Path;

use whittle::backend::{Grant, WorkerError, WorkerProcess};
use whittle::domain::environment::Sandbox;
use whittle::domain::protocol::{LoadCommand, WorkerCommand, WorkerEvent};
use whittle::domain::run::{Failure, FailureKind};

use crate::house::House;
use crate::one_worker::{self, reading, writing};
use crate::tiny_model;
use crate::workers::real_workers;

async fn ask(grant: Grant, command: &WorkerCommand) -> Result<WorkerEvent, WorkerError> {
    let (mut worker, _) = WorkerProcess::start(&real_workers(), grant).await?;
    worker.ask(command, "being tested", |_| ()).await
}

/// Whether this kernel can confine; what depends on it is tested where it can.
async fn is_confined() -> bool {
    let started = WorkerProcess::start(&real_workers(), Grant::default()).await;
    match started.expect("a worker").1.sandbox {
        Sandbox::Full | Sandbox::Partial { .. } => true,
        Sandbox::Off { reason } => {
            assert!(!reason.is_empty());
            eprintln!("workers are not confined here: {reason}");
            false
        }
    }
}

fn load(path: String, n_ctx: u32) -> WorkerCommand {
    WorkerCommand::Load(LoadCommand {
        n_ctx,
        ..one_worker::load(path)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_reads_its_model_and_no_other_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let mine = tiny_model::write(folder.path(), "mine.gguf");
    let other = tiny_model::write(folder.path(), "other.gguf");
    let loaded = ask(reading(&mine), &load(Grant::model_path(&mine), 256)).await;
    assert!(matches!(loaded, Ok(WorkerEvent::Loaded(_))), "{loaded:?}");
    if is_confined().await {
        let refused = ask(
            reading(&mine),
            &load(other.to_string_lossy().into_owned(), 256),
        )
        .await;
        let refused = refused.expect_err("another model is out of reach");
        assert!(matches!(refused, WorkerError::Refused { .. }), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_writes_to_its_folder_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "model.gguf");
    let [mine, other] = ["mine", "other"].map(|name| folder.path().join(name));
    fs::create_dir(&mine).expect("a folder");
    fs::create_dir(&other).expect("a folder");
    let write = |target: &Path| WorkerCommand::UpcastToF16 {
        source: Grant::model_path(&model),
        target: target.join("out.gguf").to_string_lossy().into_owned(),
        provenance: "test".to_owned(),
    };
    let grant = || writing(&model, &mine);
    let written = ask(grant(), &write(&mine)).await;
    assert!(matches!(written, Ok(WorkerEvent::Upcast)), "{written:?}");
    assert!(mine.join("out.gguf").is_file());
    if is_confined().await {
        ask(grant(), &write(&other))
            .await
            .expect_err("it is out of reach");
        assert!(!other.join("out.gguf").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_needs_more_memory_than_there_is_is_said_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "model.gguf");
    let grant = Grant {
        memory_bytes: Some(1_000_000_000),
        ..reading(&model)
    };
    // The keys and values of so long a context take twice as much.
    let error = ask(grant, &load(Grant::model_path(&model), 4_000_000)).await;
    let failure = Failure::from(error.expect_err("it does not fit"));
    assert_eq!(failure.kind, FailureKind::OutOfMemory, "{failure:?}");
    assert!(failure.message.contains("more memory than is available"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_page_says_how_workers_are_confined() {
    let house = House::with_model().await;
    let (_, about) = house.get("/api/about").await;
    assert!(
        about["engine"]["version"]
            .as_str()
            .is_some_and(|v| v.contains("llama-cpp-sys-2"))
    );
    let (_, page) = house.get("/settings").await;
    let says = match about["sandbox"]["state"].as_str() {
        Some("full") => "no other file, no network",
        Some("partial") => "confined in part",
        _ => "Workers are not confined",
    };
    assert!(
        page.as_str().is_some_and(|page| page.contains(says)),
        "{about}"
    );
}
