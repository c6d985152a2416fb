//! `whittle serve`, as far as it differs from what a house shows.

use std::process::Command;

use serde_json::Value;

use super::bench::SHORT;
use super::{Desk, assert_says};
use crate::servers::Server;
use crate::tiny_model;

#[test]
fn the_address_may_be_written_as_people_do() {
    let desk = Desk::new();
    for address in ["localhost:0", "0"] {
        let serve = ["serve", "--addr", address, "--no-background"];
        let server = Server::start(&mut desk.command(&serve));
        assert!(server.address.starts_with("127.0.0.1:"));
        server.terminate();
    }
}

#[test]
fn a_folder_with_models_is_remembered() {
    let desk = Desk::new();
    let folder = desk.path("elsewhere");
    std::fs::create_dir(&folder).expect("a folder");
    tiny_model::write(folder.as_ref(), "tiny.gguf");
    let serve = ["serve", "--addr", "0", "--no-background"];
    let named = [&serve[..], &["--models", &folder]].concat();
    for arguments in [&named[..], &serve] {
        let server = Server::start(&mut desk.command(arguments));
        let library = server.ask("GET", "/api/models", &Value::Null);
        server.terminate();
        let folders = library["folders"].as_array().expect("folders");
        let is_it = |shown: &Value| shown.as_str().is_some_and(|s| s.ends_with("/elsewhere"));
        assert!(folders.iter().any(is_it), "{library}");
        let n_read = library["models"].as_array().map_or(0, Vec::len) as u64;
        let n_pending = library["n_pending"].as_u64().expect("a number");
        assert_eq!(n_read + n_pending, 1, "{library}");
    }
}

#[test]
fn it_runs_from_any_folder_and_needs_no_environment() {
    let desk = Desk::new();
    let (data, no_ollama) = (desk.path("data"), desk.path("no-ollama"));
    let bare = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whittle"));
        command.args(arguments).args(["--data-dir", &data]);
        command.env_clear().current_dir("/");
        command
    };
    let bench = [&["bench", &*desk.model], &SHORT[..]].concat();
    let output = bare(&bench).output().expect("whittle runs");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_says(&printed, ["run 1", "tokens/s"]);
    let serve = ["serve", "--addr", "0", "--no-background"];
    // Not the Ollama of the machine that runs the tests.
    let serve = [
        &serve[..],
        &["--ollama", "127.0.0.1:9", "--ollama-store", &no_ollama],
    ]
    .concat();
    let server = Server::start(&mut bare(&serve));
    assert!(server.page("/").contains("Baseline Benchmark"));
    assert!(server.page("/runs/1").contains("metric-tokens-per-second"));
    server.terminate();
}
