//! `whittle verdicts`.

use serde_json::json;

use super::{Desk, assert_says};

#[test]
fn verdicts_are_recorded_and_judged() {
    let desk = Desk::new();
    let out = desk.path("pairs.jsonl");
    let short = ["--iterations", "4", "--max-tokens", "8", "--prompt", "hi"];
    for slowdown in ["0", "20"] {
        let record = ["verdicts", "record", &*desk.model];
        let slowed = ["--slowdown", slowdown, "--out", &*out];
        desk.printed(&[&record[..], &short, &slowed].concat());
    }
    // So few launches beside other tests may say anything.
    let judged = desk.run(&["verdicts", "judge", &out]);
    let text = String::from_utf8(judged.stdout).expect("UTF-8");
    assert_says(&text, ["at least 95 % worse", "| 20 % | 4 | 3 |"]);
}

/// Launch pairs that are said to be slowed down by 0 and by 20 %, on a machine without
/// much noise; `really`: by how much the latter were.
fn pairs(really: f64) -> String {
    let pair = |slowdown_percent: f64, slowdown: f64, iteration: u32| {
        let noise = f64::from(iteration * 7 % 5) * 0.001 - 0.002;
        let log = (1.0 + slowdown).ln() + noise;
        let pair = json!({
            "slowdown_percent": slowdown_percent, "iteration": iteration,
            "response_time": log, "tokens_per_second": -log,
        });
        format!("{pair}\n")
    };
    let same = (1..=20).map(|iteration| pair(0.0, 0.0, iteration));
    same.chain((1..=20).map(|iteration| pair(20.0, really, iteration)))
        .collect()
}

#[test]
fn what_is_promised_of_verdicts_holds_or_the_command_fails() {
    let desk = Desk::new();
    let kept = desk.file("kept.jsonl", pairs(0.2).as_bytes());
    let text = desk.printed(&["verdicts", "judge", &kept]);
    let says = [
        "at most 5 % better or worse: holds",
        "at least 95 % worse: holds",
    ];
    assert_says(&text, says);
    assert!(!text.contains("NOT"), "{text}");

    let broken = desk.file("broken.jsonl", pairs(0.0).as_bytes());
    let judge = ["verdicts", "judge", &*broken];
    desk.assert_refused(&judge, "4 lines of what is promised does NOT hold");
    let text = String::from_utf8(desk.run(&judge).stdout).expect("UTF-8");
    let says = [
        "at most 5 % better or worse: holds",
        "at least 95 % worse: does NOT hold",
    ];
    assert_says(&text, says);
}
