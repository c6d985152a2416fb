//! `whittle bench`.

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
        "Measured on           CPU, ",
        "Outliers are not flagged",
    ];
    assert_says(&desk.printed(&bench), says);
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
