//! A server that is killed while it makes a pruned variant: what is gone with it, and what
//! stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::servers::{Server, assert_no_orphans, children_of, half_written};
use crate::shop::{NO_FILES, files_below};
use crate::tiny_model::{self, Tiny};

/// Waits for something for five minutes: another test may have the machine.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(300), "never {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn start(server: &Server, recipe: &Value) -> i64 {
    let body = json!({
        "recipes": [recipe], "test_queries": ["hello"], "iterations": 1, "max_tokens": 4,
        "n_threads": 1,
    });
    let run = server.ask("POST", "/api/runs", &body);
    run["id"].as_i64().unwrap_or_else(|| panic!("{run}"))
}

fn status(server: &Server, run: i64) -> String {
    let run = server.ask("GET", &format!("/api/runs/{run}"), &Value::Null);
    let status = run["status"].as_str();
    status.unwrap_or_else(|| panic!("{run}")).to_owned()
}

/// Measures a variant to the end.
fn measure(server: &Server, recipe: &Value) -> i64 {
    let run = start(server, recipe);
    wait_until("measured", || {
        let status = status(server, run);
        assert!(
            ["queued", "running", "done"].contains(&status.as_str()),
            "{status}"
        );
        status == "done"
    });
    run
}

/// The models and variants, with what is in them.
fn kept(data: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let folders = ["models", "variants"].map(|folder| files_below(&data.join(folder)));
    let mut files: Vec<_> = folders
        .concat()
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).expect("a file")))
        .collect();
    files.sort();
    files
}

const PRUNE: &str = r#"{"prune": {"ratio": 0.29}}"#;
const THEN_Q8_0: &str = r#"{"prune": {"ratio": 0.29}, "quantize": {"level": "q8_0"}}"#;

/// At what a server is killed, and the files in the making that tell it.
type Stage = (&'static str, &'static str, fn(&[PathBuf]) -> bool);

const STAGES: [Stage; 3] = [
    ("pruning", PRUNE, |files| has(files, WEIGHTS)),
    // The new weights are gone once they are in the file.
    ("checking", PRUNE, |files| {
        has(files, "pruned.gguf") && !has(files, WEIGHTS)
    }),
    ("quantizing", THEN_Q8_0, |files| has(files, "variant.gguf")),
];

/// Where new weights are kept until they are written.
const WEIGHTS: &str = "scratch/weights.bin";

fn has(files: &[PathBuf], name: &str) -> bool {
    files.iter().any(|file| file.ends_with(name))
}

/// The next server on the same data, after one that was killed while it had come so far.
fn killed_once(
    server: Server,
    data: &Path,
    what: &str,
    is_reached: impl Fn(&[PathBuf]) -> bool,
) -> Server {
    let making = data.join("variants/making");
    let mut workers = Vec::new();
    wait_until(what, || {
        workers = children_of(&server);
        workers.len() == 1 && is_reached(&files_below(&making))
    });
    server.kill();
    assert_no_orphans(workers);
    assert_ne!(
        files_below(&making),
        NO_FILES,
        "a killed one sweeps nothing"
    );
    Server::on(data)
}

#[test]
fn a_server_killed_while_it_prunes_leaves_an_interrupted_run_and_what_was_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("models")).expect("a folder");
    let deep = Tiny {
        n_blocks: 4,
        n_ff: 1024,
        ..Tiny::default()
    };
    tiny_model::write_as(&data.join("models"), "deep.gguf", deep);
    let server = Server::on(&data);
    // Reading it waits for the machine, too.
    wait_until("read", || {
        let library = server.ask("GET", "/api/models", &Value::Null);
        library["n_pending"] == 0 && library["models"][0].is_object()
    });
    let before = measure(&server, &json!({"quantize": {"level": "q8_0"}}));
    let whole = kept(&data);
    assert_eq!(whole.len(), 3, "a model, a variant and what is known of it");

    let mut server = server;
    for (what, recipe, is_reached) in STAGES {
        let recipe: Value = serde_json::from_str(recipe).expect("a recipe");
        let run = start(&server, &recipe);
        server = killed_once(server, &data, what, is_reached);
        assert_eq!(status(&server, run), "interrupted", "{what}");
        assert_eq!(status(&server, before), "done");
        let making = data.join("variants/making");
        wait_until("swept", || files_below(&making).is_empty());
        assert_eq!(files_below(&data.join("cache/making")), NO_FILES, "{what}");
        assert_eq!(half_written(&data), NO_FILES, "{what}");
        assert_eq!(kept(&data), whole, "{what}");
    }
    measure(&server, &serde_json::from_str(PRUNE).expect("a recipe"));
    assert_eq!(kept(&data).len(), 5, "the pruned one, too");
    server.terminate();
}
