//! A wall clock that jumps while a run is measured: durations do not care,
//! and only the dates of the history are wrong.
//!
//! The jumps come from a library in front of libc's: on every third look the
//! clock is an hour earlier than on the look before, and then it is right
//! again.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use whittle::backend::WorkerLauncher;

use crate::house::House;
use crate::tiny_model;
use crate::workers::real_workers;

const JUMPING: &str = r#"
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static atomic_long looks;

__attribute__((constructor)) static void begin(void) {
    const char *already = getenv("LOOKS");
    if (already) looks = atol(already);
}

static long jump(void) { return looks++ % 3 == 2 ? -3600 : 0; }

int clock_gettime(clockid_t id, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, id, now);
    if (id == CLOCK_REALTIME) now->tv_sec += jump();
    return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec time;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &time);
    now->tv_sec = time.tv_sec;
    now->tv_usec = time.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *now) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    if (now) *now = time.tv_sec;
    return time.tv_sec;
}
"#;

/// Builds the library with the compiler that llama.cpp needs anyway.
fn jumping_clock(folder: &Path) -> PathBuf {
    let source = folder.join("clock.c");
    let library = folder.join("clock.so");
    std::fs::write(&source, JUMPING).expect("a file");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .status();
    assert!(built.expect("a C compiler").success());
    library
}

/// Every duration is within what the whole run took by the test's own clock.
fn assert_sane(run: &Value, whole_s: f64) {
    assert_eq!(run["status"], "done", "{run}");
    let arm = &run["arms"][0];
    let response = arm["response_time_s"]["measured"]["mean"].as_f64();
    let first = arm["time_to_first_token_ms"]["measured"]["mean"].as_f64();
    for seconds in [response, first.map(|ms| ms / 1e3)] {
        let seconds = seconds.unwrap_or_else(|| panic!("not measured: {arm}"));
        assert!(seconds > 0.0 && seconds < whole_s, "{seconds} s: {arm}");
    }
    let percentile = arm["token_latency_ms"]["p50"].as_f64();
    assert!(
        percentile.is_some_and(|ms| ms > 0.0 && ms < whole_s * 1e3),
        "{arm}"
    );
}

fn short() -> Value {
    serde_json::json!({"test_queries": ["hello"], "iterations": 2, "max_tokens": 32})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_clock_jumps_measures_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = jumping_clock(folder.path());
    // Workers inherit no such variable: a shell between sets it.
    let workers = WorkerLauncher {
        program: "/bin/sh".into(),
        arguments: vec![
            "-c".into(),
            format!("LD_PRELOAD='{}' exec \"$0\" \"$@\"", clock.display()).into(),
            env!("CARGO_BIN_EXE_whittle").into(),
            "worker".into(),
        ],
        ..real_workers()
    };
    let house = House::with_workers(workers).await;
    let start = std::time::Instant::now();
    let (_, answer) = house.post("/api/benchmark/baseline", &short()).await;
    let whole_s = start.elapsed().as_secs_f64();
    let id = answer["run_id"]
        .as_i64()
        .unwrap_or_else(|| panic!("{answer}"));
    assert_sane(&house.wait_for(id, "done").await, whole_s);
}

#[test]
fn a_program_whose_clock_jumps_measures_the_same_and_keeps_the_order_of_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = jumping_clock(folder.path());
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let hour_now = || {
        let date = Command::new("date").args(["-u", "+%Y-%m-%dT%H"]).output();
        let date = date.expect("a date").stdout;
        String::from_utf8_lossy(&date).trim().to_owned()
    };
    let bench = |looks: i32| {
        let hour_before = hour_now();
        let start = std::time::Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_whittle"))
            .arg("bench")
            .arg(&model)
            .args(["--iterations", "2", "--max-tokens", "32", "--prompt", "hi"])
            .args(["--threads", "1", "--json"])
            .env("WHITTLE_DATA", folder.path().join("data"))
            .env("LD_PRELOAD", &clock)
            .env("LOOKS", looks.to_string())
            .output()
            .expect("whittle runs");
        let whole_s = start.elapsed().as_secs_f64();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_sane(&run, whole_s);
        let right = [hour_before, hour_now()];
        let is_wrong = |time: &str| {
            let time = run[time].as_str().expect("a time");
            !right.iter().any(|hour| time.starts_with(hour))
        };
        let has_jumped = is_wrong("created_at") || is_wrong("finished_at");
        (run["id"].as_i64(), has_jumped)
    };
    // Of three that look equally often, one begins at a wrong look.
    let runs: Vec<_> = (0..4).map(bench).collect();
    let ids: Vec<i64> = runs.iter().filter_map(|(id, _)| *id).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    // The library works.
    let has_jumped = runs.iter().any(|(_, has_jumped)| *has_jumped);
    assert!(has_jumped, "no date shows a jump: {ids:?}");
}
