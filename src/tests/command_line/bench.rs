//! `whittle bench`.

#[cfg(target_os = "linux")]
use std::collections::BTreeSet;
use std::fs;
#[cfg(target_os = "linux")]
use std::process::Command;

use serde_json::Value;

use super::{Desk, assert_says};

/// As short as can be.
pub const SHORT: [&str; 6] = ["--iterations", "1", "--max-tokens", "4", "--prompt", "hi"];

#[test]
fn bench_prints_the_stored_run_as_json() {
    let desk = Desk::new();
    let bench = [&["bench", &*desk.model], &SHORT[..]].concat();
    let printed = desk.printed_quietly(&[&bench[..], &["--json"]].concat());
    let run: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(run["status"], "done");
    assert_eq!(run["spec"]["prompts"][0], "hi");
    assert_eq!(run["model"]["origin"], "command_line");
    let says = [
        "run 2",
        "tokens/s",
        "time for 4 tokens",
        "P50 not measured (needs 11 tokens), P95",
        "Request latency       P50 not measured (needs 11 requests), P95",
        "Cores used            ",
        " bits per weight, ",
        "Measured on           CPU, ",
        "Outliers are not flagged",
    ];
    let printed = desk.printed(&bench);
    assert_says(&printed, says);
    if cfg!(target_os = "linux") {
        assert_says(&printed, [" anonymous · ", " peak while loading"]);
    }
    let natural = desk.printed(&[&bench[..], &["--natural-stop"]].concat());
    let says = [" tokens on average (", "natural stop, at most 4 tokens"];
    assert_says(&natural, says);
}

#[test]
fn bench_judges_the_prompts_of_a_file() {
    let desk = Desk::new();
    let prompts = r#"[{"prompt": "hi", "expected": {"regex": "(?s)^.*$"}}, "you"]"#;
    let file = desk.file("prompts.json", prompts.as_bytes());
    let bench = ["bench", &*desk.model, "--prompts-file", &file];
    let printed = desk.printed(&[&bench, &SHORT[..4]].concat());
    let judged = "1 of 1 (100 %, 95 % interval 21 to 100 %)";
    assert_says(&printed, [judged, "natural stop"]);
}

#[test]
fn a_prompt_that_is_too_long_is_said_with_the_flag_that_makes_room() {
    let desk = Desk::new();
    let long = "long ".repeat(600);
    let bench = ["bench", &*desk.model, "--iterations", "1", "--ctx", "512"];
    let bench = [&bench[..], &["--prompt", &long]].concat();
    desk.assert_refused(&bench, "and the context (--ctx) has 512: raise the context");
}

#[test]
fn bench_finds_a_model_of_the_library_by_its_id() {
    let desk = Desk::new();
    let by_path = desk.json(&[&["bench", &*desk.model], &SHORT[..]].concat());
    let library = desk.folder.path().join("data/models/tiny.gguf");
    fs::copy(&desk.model, library).expect("a copy");
    let id = by_path["model"]["id"].as_str().expect("an id");
    let by_id = desk.json(&[&["bench", id], &SHORT[..]].concat());
    assert_eq!(by_id["status"], "done");
    assert_eq!(by_id["model"]["sha256"], by_path["model"]["sha256"]);
    assert_eq!(by_id["model"]["origin"], "data_folder");
}

/// Under `script`, a program sees a terminal.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_bar_shows_how_far_it_is() {
    let desk = Desk::new();
    let whittle = env!("CARGO_BIN_EXE_whittle");
    let bench = "--iterations 3 --max-tokens 200 --prompt hi --threads 1";
    let line = format!("'{whittle}' bench '{}' {bench}", desk.model);
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]);
    script
        .env("TERM", "xterm")
        .env("WHITTLE_DATA", desk.path("data"));
    let output = script.output().expect("script, of util-linux, runs");
    assert!(output.status.success(), "{output:?}");
    let shown = String::from_utf8_lossy(&output.stdout);
    let (bar, figures) = shown.split_once(", run 1").expect("the figures");
    assert_says(figures, ["tokens/s"]);
    let percents = bar
        .split(" %")
        .filter_map(|before| before.rsplit(' ').next());
    let percents: BTreeSet<u32> = percents.filter_map(|n| n.parse().ok()).collect();
    assert!(percents.len() > 1, "it did not move: {bar}");
}
