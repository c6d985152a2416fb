//! `whittle noise`.

use serde_json::{Value, json};

use super::{Desk, assert_says};
use crate::compare::{noise_launches, quantity};

#[test]
fn what_a_model_shows_against_itself_is_printed_and_judges_the_next_comparison() {
    let desk = Desk::new();
    let short = ["--max-tokens", "12", "--prompt", "hi"];
    let noise = [&["noise", &*desk.model], &short[..]].concat();
    let text = desk.printed_quietly(&noise);
    // Other tests beside this one may disturb it: then nothing is kept, which is said.
    let is_kept = !text.contains("is not kept");
    let judges = text.contains("are judged by this noise now");
    assert_eq!(judges, is_kept, "{text}");
    let kept = ["noise at 3 iterations", "Response time", " % to +"];
    let disturbed = ["Unstable: ", "Run it again", "quiet machine"];
    assert_says(&text, if is_kept { kept } else { disturbed });
    assert_says(&text, ["run 1\n", "Measured on CPU, "]);
    let compare = ["compare", &*desk.model, "--quantize", "q4_0"];
    let run = desk.json(&[&compare[..], &["--iterations", "2"], &short].concat());
    let launches = &quantity(&run, "response_time")["band"]["n_launches"];
    let known = if is_kept { json!(10) } else { Value::Null };
    assert_eq!(*launches, known);

    let run = desk.json(&noise);
    assert_eq!(run["technique"], "noise");
    assert_eq!(run["spec"]["settings"]["iterations"], 10);
    let launches = &quantity(&run, "response_time")["band"]["n_launches"];
    assert!(is_kept || *launches == noise_launches(&run), "{launches}");
}

#[test]
fn noise_has_a_default_of_its_own_and_takes_no_fewer_launches() {
    let desk = Desk::new();
    let help = desk.printed(&["noise", "--help"]);
    assert_says(&help, ["10 and more [default: 10]", "[default: 128]"]);
    let few = ["noise", "x", "--iterations", "9"];
    let says = "--iterations is 9; a model is measured against itself at least 10 times";
    desk.assert_refused(&few, says);
}
