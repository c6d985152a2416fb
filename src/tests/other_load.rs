//! What else uses the processor while a run is measured, and before it: other
//! programs, and Whittle itself.

use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::bench::machine::MachineFacts;

use crate::baseline::hold_machine;
use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_beside_other_load_is_marked_unstable() {
    let house = House::with_model().await;
    let others = OtherPrograms::start();
    let (_, answer) = house.post("/api/benchmark/baseline", &a_second()).await;
    drop(others);
    let reasons = answer["unstable"].to_string();
    assert!(reasons.contains("Other programs used"), "{answer}");
    let (_, run) = house.get("/api/runs/1").await;
    assert_eq!(run["arms"][0]["unstable"], answer["unstable"]);
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs[0]["is_unstable"], true);
    let (_, page) = house.get("/runs/1").await;
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("Something disturbed"))
    );
}

/// It was told that other programs had used the processor.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_itself_does_is_no_other_program() {
    let house = House::with_model().await;
    let is_over = AtomicBool::new(false);
    let (_, answer) = std::thread::scope(|scope| {
        for _ in 0..n_cores() {
            scope.spawn(|| {
                // A third of every core: the other tests go on beside it.
                while !is_over.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    while start.elapsed() < Duration::from_millis(3) {
                        std::hint::spin_loop();
                    }
                    std::thread::sleep(Duration::from_millis(6));
                }
            });
        }
        let body = a_second();
        let answer = tokio::task::block_in_place(|| {
            let measured = house.post("/api/benchmark/baseline", &body);
            tokio::runtime::Handle::current().block_on(measured)
        });
        is_over.store(true, Ordering::Relaxed);
        answer
    });
    let reasons = answer["unstable"].to_string();
    assert!(reasons.contains("Whittle's server"), "{answer}");
}

/// A run long enough for what else uses the processor to be measured.
fn a_second() -> Value {
    // One thread: two that wait for each other crawl beside other tests.
    json!({
        "test_queries": vec!["hello"; 4], "iterations": 1, "max_tokens": 1000, "n_threads": 1,
    })
}

fn n_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Programs that take about a third of every core, so that the other tests go on
/// beside them; until dropped.
struct OtherPrograms(Vec<Child>);

impl OtherPrograms {
    fn start() -> Self {
        let busy = "while :; do i=0; while [ $i -lt 6000 ]; do i=$((i+1)); done; sleep 0.006; done";
        let start = |_| {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", busy]).spawn().expect("a shell")
        };
        Self((0..n_cores()).map(start).collect())
    }
}

impl Drop for OtherPrograms {
    fn drop(&mut self) {
        for program in &mut self.0 {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

/// The load average of a machine lags by a minute: what a run that is over left in it
/// was put down to other programs, of a run in which these were seen to do nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_did_is_measured_and_not_guessed_from_the_load_average() {
    // More than none of the cores are busy, whatever else is tested.
    let house = House::on_machine(MachineFacts {
        logical_cores: 0,
        ..MachineFacts::read()
    })
    .await;
    let (status, answer) = house.post("/api/benchmark/baseline", &a_second()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (_, run) = house.get("/api/runs/1").await;
    assert!(run["environment"]["load_average_before"].as_f64() > Some(0.0));
    let warnings = run["arms"][0]["warnings"].to_string();
    assert!(!warnings.contains("busy"), "{warnings}");
}

/// One of eight tokens on a machine at load 6 was the last undisturbed run of its model.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_too_short_for_others_to_be_measured_says_so_and_rests_on_the_load_average() {
    // Cores that are always busy, and more than are ever busy.
    for (logical_cores, is_unstable, basis) in [(0, true, "file_size"), (10_000, false, "run")] {
        let (house, answer) = after_a_short_run(logical_cores).await;
        let said = answer["warnings"].to_string();
        assert!(said.contains("was not measured: the requests"), "{said}");
        assert!(!said.contains("busy"), "{said}");
        let reasons = answer["unstable"].to_string();
        let is_busy = reasons.contains("busy when the run began: load");
        assert_eq!(is_busy, is_unstable, "{reasons}");
        let (_, dashboard) = house.get("/api/dashboard").await;
        assert_eq!(dashboard["speeds"][0][1]["source"], basis, "{dashboard}");
        let (_, page) = house.get("/runs/1").await;
        let page = page.as_str().expect("a page");
        assert!(page.contains("was not measured: the requests"));
        assert_eq!(page.contains("Something disturbed"), is_unstable);
        let (_, page) = house.get("/").await;
        let page = page.as_str().expect("a page");
        assert_eq!(page.contains("too short to tell"), !is_unstable);
        assert!(!page.contains("undisturbed run"));
    }
}

/// A house with so many cores that has measured for less than a second, and its answer.
async fn after_a_short_run(logical_cores: u32) -> (House, Value) {
    let short = json!({
        "test_queries": ["hello"], "iterations": 1, "max_tokens": 4, "n_threads": 1,
    });
    // Other tests may hold it up.
    for _ in 0..20 {
        let machine = MachineFacts {
            logical_cores,
            ..MachineFacts::read()
        };
        let house = House::on_machine(machine).await;
        let (status, answer) = house.post("/api/benchmark/baseline", &short).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let (_, export) = house.get("/api/runs/1/export?format=json").await;
        let launch = &export["launches"][0];
        if launch["requests_wall_s"].as_f64() < Some(1.0) {
            assert_eq!(launch["machine_cpu_percent"], Value::Null, "{launch}");
            return (house, answer);
        }
    }
    panic!("no run was short");
}

/// What is said before a run knows of the run before it.
#[tokio::test(flavor = "multi_thread")]
async fn what_whittle_has_just_done_is_told_from_the_rest_of_the_load() {
    let machine = MachineFacts::read();
    let cores = f64::from(machine.logical_cores);
    let house = House::on_machine(machine).await;
    house.settled_library().await;
    let own_load = async || {
        let (_, about) = house.get("/api/about").await;
        about["room"]["own_load"].as_f64().expect("a load")
    };
    assert_eq!(own_load().await, 0.0);
    let start = Instant::now();
    // As much as can be in the load average by now, of work on all cores.
    let most = || cores * (1.0 - (-(start.elapsed().as_secs_f64() + 0.1) / 60.0).exp());
    let held = hold_machine(&house);
    let own = own_load().await;
    assert!(own > 0.0 && own < most(), "somebody is at work: {own}");
    drop(held);
    let (status, answer) = house.post("/api/benchmark/baseline", &a_second()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let own = own_load().await;
    assert!(own > 0.01 * cores && own < most(), "{own}");
}
