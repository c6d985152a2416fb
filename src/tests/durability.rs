//! What happens to the history when its file or its disk fails.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use axum::http::StatusCode;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use whittle::domain::filter::RunFilter;
use whittle::store::{Store, StoreError, set_aside};

use crate::house::{House, message};
use crate::mishaps::{SmallDisk, fill};
use crate::servers::Server;
use crate::tiny_model;

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.connect().await.expect("the history's file")
}

async fn closed_history(folder: &Path) -> PathBuf {
    let path = folder.join("whittle.db");
    Store::open(&path).await.expect("a history").close().await;
    // Connections that close at once leave the journal to each other.
    let mut last = connect(&path).await;
    let (busy, ..): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(&mut last)
        .await
        .expect("the journal is written into the file");
    assert_eq!(busy, 0);
    last.close().await.expect("it closes");
    path
}

#[tokio::test]
async fn what_is_no_database_is_called_damaged_and_set_aside_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("whittle.db");
    let noise = b"this was a history once".repeat(500);
    fs::write(&path, &noise).expect("a file");
    let error = Store::open(&path).await.expect_err("it is no database");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    let aside = set_aside(&path).expect("it can be renamed");
    assert_eq!(fs::read(aside).expect("it is kept"), noise);
    Store::open(&path).await.expect("a new history");
}

#[tokio::test]
async fn a_damaged_page_is_found_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = closed_history(folder.path()).await;
    let mut bytes = fs::read(&path).expect("the file");
    for page in bytes.chunks_mut(4096).skip(1) {
        page[..64].fill(0xAB);
    }
    fs::write(&path, bytes).expect("the file");
    let error = Store::open(&path).await.expect_err("its pages are noise");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

/// Its file, written by a version that is not there yet.
async fn newer_history(folder: &Path) -> PathBuf {
    let path = closed_history(folder).await;
    let mut connection = connect(&path).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .expect("a later migration");
    connection.close().await.expect("it closes");
    path
}

/// What `whittle serve` says where it does not start; nothing is set aside.
fn serve_refused(data: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_whittle"))
        .args(["serve", "--addr", "127.0.0.1:0", "--no-background"])
        .arg("--data-dir")
        .arg(data)
        .output()
        .expect("whittle runs");
    assert!(!output.status.success(), "{output:?}");
    for file in fs::read_dir(data).expect("the folder").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        assert!(!name.contains("damaged"), "{name}");
    }
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_history_of_a_newer_version_is_left_untouched() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = newer_history(folder.path()).await;
    let before = fs::read(&path).expect("the file");
    let error = Store::open(&path).await.expect_err("it is newer");
    assert!(matches!(error, StoreError::Newer(_)), "{error}");
    assert!(error.to_string().contains("newer Whittle"));
    let errors = serve_refused(folder.path());
    assert!(errors.contains("newer Whittle"), "{errors}");
    assert_eq!(fs::read(&path).expect("the file"), before);
}

#[tokio::test]
async fn a_history_that_is_locked_at_the_start_is_said_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut other = connect(&closed_history(folder.path()).await).await;
    sqlx::query("BEGIN EXCLUSIVE")
        .execute(&mut other)
        .await
        .expect("a lock");
    let errors = serve_refused(folder.path());
    assert!(errors.contains("locked"), "{errors}");
    other.close().await.expect("it closes");
    Server::on(folder.path()).terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_history_is_said_and_works_again() {
    let house = House::with_model().await;
    house.settled_library().await;
    let mut other = connect(&house.path().join("data/whittle.db")).await;
    sqlx::query("BEGIN EXCLUSIVE")
        .execute(&mut other)
        .await
        .expect("a lock");
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/runs", &body).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
    assert!(message(&answer).contains("locked"), "{answer}");
    sqlx::query("ROLLBACK")
        .execute(&mut other)
        .await
        .expect("no lock");
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

/// `whittle bench` in a shell that first does `setup`.
fn bench_after(setup: &str, folder: &Path) -> String {
    let model = tiny_model::write(folder, "tiny.gguf");
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("{setup} exec \"$@\""), "sh"])
        .arg(env!("CARGO_BIN_EXE_whittle"))
        .arg("bench")
        .arg(model)
        .args([
            "--iterations",
            "20",
            "--max-tokens",
            "200",
            "--prompt",
            "hi",
            "--threads",
            "1",
        ])
        .env("WHITTLE_DATA", folder.join("data"))
        .output()
        .expect("a shell");
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What is in the history is whole and opens again: one run.
async fn assert_one_run(data: &Path) {
    let store = Store::open(&data.join("whittle.db")).await;
    let store = store.expect("the history");
    let runs = store.runs(&RunFilter::default(), None, 10).await;
    assert_eq!(runs.expect("runs").len(), 1);
    store.close().await;
}

#[tokio::test]
async fn a_disk_that_is_full_when_storing_fails_the_run_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let Some(_disk) = SmallDisk::mount(&data, 4096) else {
        return;
    };
    closed_history(&data).await;
    let filler = data.join("filler");
    fill(&filler);
    // Room for the first of the run, and not for all of it.
    let file = File::options().append(true).open(&filler).expect("it");
    let size = file.metadata().expect("it").len();
    file.set_len(size - (200 << 10)).expect("it is shorter");
    let errors = bench_after("", folder.path());
    let says = "disk is full; make room on the disk";
    assert!(errors.contains(says), "{errors}");
    fs::remove_file(filler).expect("room");
    assert_one_run(&data).await;
}

/// Another write that the system refuses: of a journal beyond a limit.
#[tokio::test]
async fn a_journal_that_cannot_grow_fails_the_run_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    // It grows beyond that with the first requests.
    let errors = bench_after("trap '' XFSZ; ulimit -f 700;", folder.path());
    let says = "disk I/O error; is the disk full";
    assert!(errors.contains(says), "{errors}");
    assert_one_run(&folder.path().join("data")).await;
}

#[test]
fn a_folder_that_cannot_be_written_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o500)).expect("permissions");
    // Root may write anywhere: then a file stands where the folder should be.
    let is_writable = fs::create_dir(data.join("models")).is_ok();
    if is_writable {
        fs::remove_dir(data.join("models")).expect("it was just made");
        fs::write(data.join("models"), "").expect("a file");
    }
    let errors = bench_after("", folder.path());
    assert!(errors.contains("data"), "the path is named: {errors}");
}
