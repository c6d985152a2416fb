//! What every command says that cannot do what it is asked for.

use std::fs::File;
use std::io::Write;
use std::process::Command;

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
    let neither = "<--quantize <LEVELS>|--prune <RATIOS>>";
    let cases: [(&[&str], &str); 27] = [
        (
            &["bench", "/no/such.gguf"],
            "no such file: /no/such.gguf; give",
        ),
        (&["bench", &half], "truncated"),
        (&["bench", "no-such-id"], "no model no-such-id"),
        (
            &["bench", "x", "--iterations", "0"],
            "whittle: --iterations is 0",
        ),
        (
            &["bench", "x", "--iterations", "-1"],
            "whittle: --iterations is -1; it must be 1 to 100",
        ),
        (
            &["bench", "x", "--prompts-file", "/no/such.txt"],
            "--prompts-file /no/such.txt is not there",
        ),
        (
            &["bench", "x", "--prompts-file", &wrong],
            "a prompt is a text, or",
        ),
        (
            &["bench", "x", "--prompt-set", "sums"],
            "--prompt-set: there is no prompt set sums; the dashboard's form",
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
        (&["compare", "x"], neither),
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
            "no such file: /no/such.gguf",
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
            "--models /no/such is not there",
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

#[test]
fn what_is_wrong_is_said_of_the_flag_by_its_name() {
    let desk = Desk::new();
    let folder = &*desk.folder.path().to_string_lossy();
    let empty = &*desk.file("empty.txt", b"\n");
    let many = &*desk.file("many.txt", "hi\n".repeat(65).as_bytes());
    let pattern = br#"["a", {"prompt": "b", "expected": {"regex": "("}}]"#;
    let pattern = &*desk.file("pattern.json", pattern);
    let is_folder = &*format!("{folder} is a folder; give one of the .gguf files in it");
    let source = &*format!("SOURCE {folder} is a folder");
    let quality = ["compare", "x", "--quantize", "q4_0", "--quality"];
    let no_chunks = [&quality[..], &["--chunks", "0"]].concat();
    let no_text = [&quality[..], &["--text", empty]].concat();
    let cases: [(&[&str], &str); 25] = [
        (
            &["bench", "x", "--max-tokens", "0"],
            "--max-tokens is 0; it must be 1 to 100000",
        ),
        (&["bench", "x", "--ctx", "1"], "--ctx is 1; it must be 512"),
        (&["bench", "x", "--threads", "0"], "--threads is 0"),
        (
            &["bench", "x", "--ubatch", "9", "--batch", "8"],
            "--ubatch is 9 and --batch 8",
        ),
        (
            &["bench", "x", "--max-tokens", "700", "--ctx", "600"],
            "--max-tokens is 700 and --ctx 600",
        ),
        (
            &["bench", "x", "--prompt", ""],
            "--prompt: prompt 1 is empty",
        ),
        (
            &["bench", "x", "--prompts-file", empty],
            "--prompts-file gives no prompt",
        ),
        (
            &["bench", "x", "--prompts-file", many],
            "--prompts-file: there are 65 prompts",
        ),
        (
            &["bench", "x", "--prompts-file", pattern],
            "--prompts-file: the expected answer of prompt 2 is no regular",
        ),
        (
            &["bench", "x", "--prompts-file", folder],
            "is a folder; give a file",
        ),
        (&["bench", "x", "--data-dir", empty], "--data-dir: "),
        (&["bench", folder], is_folder),
        (&["quantize", folder, "--type", "q4_0"], is_folder),
        (
            &["prune", empty, "--ratio", "0.3"],
            "empty.txt cannot be used: ",
        ),
        (&["upcast", folder, "x.gguf"], source),
        (
            &["upcast", "/no/such.gguf", "x.gguf"],
            "SOURCE /no/such.gguf is not there",
        ),
        (&no_chunks, "--chunks is 0; it must be 1 to 1000"),
        (&no_text, "--text: the text for quality is empty"),
        (
            &["compare", "x", "--quantize", "q4_0,q4_0"],
            "--quantize: Q4_0 is asked for twice",
        ),
        (
            &["compare", "x", "--prune", "0.9"],
            "for '--prune <RATIOS>'",
        ),
        (&["prune", "x", "--ratio", "0.9"], "for '--ratio <RATIO>'"),
        (
            &["prune", "x", "--ratio", "-0.3"],
            "the pruning ratio -0.3 is not possible",
        ),
        (
            &["prune", "x", "--ratio", "0.3", "--loss-budget", "2"],
            "--loss-budget is for --method depth",
        ),
        (
            &["quantize", "x", "--type", "f16", "--imatrix"],
            "leave --imatrix out",
        ),
        (&["quantize", "x", "--type", "iq2_xxs"], "add --imatrix"),
    ];
    for (arguments, says) in cases {
        let error = desk.assert_refused(arguments, says);
        for field in ["test_queries", "n_ctx", "GET /api", "cannot be measured"] {
            assert!(!error.contains(field), "{arguments:?}: {error}");
        }
    }
}

#[test]
fn a_pipe_is_refused_as_a_model_and_not_waited_for() {
    let desk = Desk::new();
    let pipe = desk.folder.path().join("pipe.gguf");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    // Whoever reads a pipe waits for its other end: with one that has written what is no
    // model, a fault fails this test in place of hanging it.
    let mut end = File::options()
        .read(true)
        .write(true)
        .open(&pipe)
        .expect("an end");
    end.write_all(&[0; 1024]).expect("it takes some");
    let pipe = &*pipe.to_string_lossy();
    let cases: [&[&str]; 5] = [
        &["bench", pipe],
        &["prune", pipe, "--ratio", "0.3"],
        &["quality", pipe, pipe],
        &["upcast", pipe, "x.gguf"],
        &["quantize", "/dev/null", "--type", "q4_0"],
    ];
    for arguments in cases {
        desk.assert_refused(arguments, "is a pipe or a device; write the model to");
    }
}
