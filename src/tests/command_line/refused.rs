//! What every command says that cannot do what it is asked for.

use super::Desk;
use crate::tiny_model;

#[test]
fn bench_says_what_is_wrong() {
    let desk = Desk::new();
    let wrong = desk.file("wrong.json", b"[{\"prompt\": 4}]");
    let latin = desk.file("latin.txt", &[b'n', 0xE9, b'e']);
    let tiny = &*desk.model;
    let half = tiny_model::write_truncated(desk.folder.path(), "half.gguf");
    let half = half.to_string_lossy();
    let on_text = |text| {
        let compare = ["compare", "x", "--quantize", "q4_0"];
        [&compare[..], &["--quality", "--text", text]].concat()
    };
    let (missing_text, latin_text) = (on_text("/no/such.txt"), on_text(&latin));
    let types = "the types are q4_0, q5_0, q8_0";
    let cases: [(&[&str], &str); 26] = [
        (&["bench", "/no/such.gguf"], "/no/such.gguf"),
        (&["bench", &half], "truncated"),
        (&["bench", "no-such-id"], "no model no-such-id"),
        (&["bench", "x", "--iterations", "0"], "iterations is 0"),
        (
            &["bench", "x", "--prompts-file", "/no/such.txt"],
            "/no/such.txt",
        ),
        (
            &["bench", "x", "--prompts-file", &wrong],
            "a prompt is a text, or",
        ),
        (
            &["bench", "x", "--prompt-set", "sums"],
            "no prompt set sums",
        ),
        (
            &["bench", "x", "--prompt-set", "sums", "--prompt", "hi"],
            "cannot be used with",
        ),
        (&["compare", "x", "--quantize", "q4_0,q9_9"], types),
        (
            &["compare", "x", "--quantize", "q4_0,q4_0"],
            "Q4_0 is asked for twice",
        ),
        (&["compare", "x"], "--quantize"),
        (
            &["compare", "x", "--prune", "0.7"],
            "the pruning ratio 0.7 is not possible",
        ),
        (&missing_text, "/no/such.txt"),
        (&latin_text, "is not UTF-8"),
        (
            &["quantize", "x", "--type", "q9_9"],
            "\"q9_9\" is no quantization that can be made",
        ),
        (
            &["quantize", tiny, "--type", "iq2_xxs"],
            "IQ2_XXS needs an importance matrix",
        ),
        (
            &["quantize", "/no/such.gguf", "--type", "q4_0"],
            "/no/such.gguf",
        ),
        (&["prune", tiny], "--ratio"),
        (
            &["prune", tiny, "--ratio", "0.6"],
            "the pruning ratio 0.6 is not possible",
        ),
        (
            &["prune", tiny, "--ratio", "30%"],
            "write a share such as 0.3",
        ),
        (
            &["prune", tiny, "--ratio", "0.3", "--method", "wide"],
            "the methods are width, depth and auto",
        ),
        (&["prune", tiny, "--ratio", "0.3", "--then", "q9_9"], types),
        (
            &["serve", "--addr", "localhost"],
            "such as 127.0.0.1:8320 or localhost:8320",
        ),
        (&["serve", "--addr", "0.0.0.0:0"], "not a loopback address"),
        (
            &["serve", "--addr", "127.0.0.1:0", "--models", "/no/such"],
            "/no/such",
        ),
        (
            &["serve", "--ollama", "http://192.0.2.1:11434"],
            "192.0.2.1 is not this machine",
        ),
    ];
    for (arguments, says) in cases {
        desk.assert_refused(arguments, says);
    }
}
