//! `whittle verdicts`.

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
    let text = desk.printed(&["verdicts", "judge", &out]);
    assert_says(&text, ["at least 95 % worse", "| 20 % | 4 | 3 |"]);
}
