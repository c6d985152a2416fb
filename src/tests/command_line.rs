//! The command line, run as a user runs it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use whittle::machine_lock::MachineLock;

use crate::tiny_model::{self, Tiny};

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whittle"));
    command
        .args(arguments)
        .env("WHITTLE_DATA", folder.join("data"))
        // Not the Ollama of the machine that runs the tests.
        .env("OLLAMA_HOST", "127.0.0.1:9")
        .env("OLLAMA_MODELS", folder.join("no-ollama"));
    command
}

fn whittle(folder: &Path, arguments: &[&str]) -> Output {
    let output = command(folder, arguments).output();
    output.expect("whittle runs")
}

/// Into a pipe goes no progress bar. Another test may have the machine, and that
/// is said.
fn assert_no_progress_bar(output: &Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    let is_wait = |line: &str| line.starts_with("waiting: ") || line.starts_with("reading ");
    assert!(errors.lines().all(is_wait), "{output:?}");
}

#[test]
fn bench_prints_the_stored_run_as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let model = model.to_string_lossy();
    let options = ["--iterations", "1", "--max-tokens", "4", "--prompt", "hi"];
    let output = whittle(
        folder.path(),
        &[&["bench", &*model, "--json"], &options[..]].concat(),
    );
    assert!(output.status.success(), "{output:?}");
    assert_no_progress_bar(&output);
    let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(run["status"], "done");
    assert_eq!(run["spec"]["prompts"][0], "hi");
    assert_eq!(run["model"]["origin"], "command_line");
    let output = whittle(folder.path(), &[&["bench", &*model], &options[..]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("run 2") && text.contains("tokens/s"),
        "{text}"
    );
    assert!(text.contains("time for 4 tokens"), "{text}");
    assert!(text.contains("Outliers are not flagged"), "{text}");
    let natural = [&["bench", &*model, "--natural-stop"], &options[..]].concat();
    let output = whittle(folder.path(), &natural);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains(" tokens on average (") && text.contains("natural stop, at most 4 tokens"),
        "{text}"
    );
}

#[test]
fn bench_judges_the_prompts_of_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let file = folder.path().join("prompts.json");
    let prompts = r#"[{"prompt": "hi", "expected": {"regex": "(?s)^.*$"}}, "you"]"#;
    std::fs::write(&file, prompts).expect("a file");
    let arguments = [
        "bench",
        model.to_str().expect("a name"),
        "--iterations",
        "1",
        "--max-tokens",
        "4",
        "--prompts-file",
        file.to_str().expect("a name"),
    ];
    let output = whittle(folder.path(), &arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("1 of 1 (100 %, 95 % interval 21 to 100 %)") && text.contains("natural stop"),
        "{output:?}"
    );
}

#[test]
fn bench_says_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = folder.path().join("wrong.json");
    std::fs::write(&wrong, "[{\"prompt\": 4}]").expect("a file");
    let truncated = tiny_model::write_truncated(folder.path(), "half.gguf");
    let latin = folder.path().join("latin.txt");
    std::fs::write(&latin, [b'n', 0xE9, b'e']).expect("a file");
    let tiny = tiny_model::write(folder.path(), "tiny.gguf");
    let tiny = tiny.to_string_lossy();
    let cases = [
        (vec!["bench", "/no/such.gguf"], "/no/such.gguf"),
        (
            vec!["bench", truncated.to_str().expect("a name")],
            "truncated",
        ),
        (vec!["bench", "no-such-id"], "no model no-such-id"),
        (vec!["bench", "x", "--iterations", "0"], "iterations is 0"),
        (
            vec!["bench", "x", "--prompts-file", "/no/such.txt"],
            "/no/such.txt",
        ),
        (
            vec![
                "bench",
                "x",
                "--prompts-file",
                wrong.to_str().expect("a name"),
            ],
            "a prompt is a text, or",
        ),
        (
            vec!["bench", "x", "--prompt-set", "sums"],
            "no prompt set sums",
        ),
        (
            vec!["bench", "x", "--prompt-set", "sums", "--prompt", "hi"],
            "cannot be used with",
        ),
        (
            vec!["compare", "x", "--quantize", "q4_0,q9_9"],
            "the types are q4_0, q5_0, q8_0",
        ),
        (
            vec!["compare", "x", "--quantize", "q4_0,q4_0"],
            "Q4_0 is asked for twice",
        ),
        (vec!["compare", "x"], "--quantize"),
        (
            vec!["compare", "x", "--prune", "0.7"],
            "the pruning ratio 0.7 is not possible",
        ),
        (
            vec![
                "compare",
                "x",
                "--quantize",
                "q4_0",
                "--quality",
                "--text",
                "/no/such.txt",
            ],
            "/no/such.txt",
        ),
        (
            vec![
                "compare",
                "x",
                "--quantize",
                "q4_0",
                "--quality",
                "--text",
                latin.to_str().expect("a name"),
            ],
            "is not UTF-8",
        ),
        (
            vec!["quantize", "x", "--type", "q9_9"],
            "\"q9_9\" is no quantization that can be made",
        ),
        (
            vec!["quantize", &tiny, "--type", "iq2_xxs"],
            "IQ2_XXS needs an importance matrix",
        ),
        (
            vec!["quantize", "/no/such.gguf", "--type", "q4_0"],
            "/no/such.gguf",
        ),
        (vec!["prune", &tiny], "--ratio"),
        (
            vec!["prune", &tiny, "--ratio", "0.6"],
            "the pruning ratio 0.6 is not possible",
        ),
        (
            vec!["prune", &tiny, "--ratio", "30%"],
            "write a share such as 0.3",
        ),
        (
            vec!["prune", &tiny, "--ratio", "0.3", "--method", "wide"],
            "the methods are width, depth and auto",
        ),
        (
            vec!["prune", &tiny, "--ratio", "0.3", "--then", "q9_9"],
            "the types are q4_0, q5_0, q8_0",
        ),
        (
            vec!["serve", "--addr", "localhost"],
            "such as 127.0.0.1:8320 or localhost:8320",
        ),
        (
            vec!["serve", "--addr", "0.0.0.0:0"],
            "not a loopback address",
        ),
        (
            vec!["serve", "--addr", "127.0.0.1:0", "--models", "/no/such"],
            "/no/such",
        ),
        (
            vec!["serve", "--ollama", "http://192.0.2.1:11434"],
            "192.0.2.1 is not this machine",
        ),
    ];
    for (arguments, says) in cases {
        let output = whittle(folder.path(), &arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && error.contains(says),
            "{arguments:?}: {error}"
        );
    }
}

#[test]
fn quantize_makes_a_variant_once_and_says_what_is_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let model = model.to_str().expect("a name");
    let output = whittle(folder.path(), &["quantize", model, "--type", "Q4_0"]);
    assert!(output.status.success(), "{output:?}");
    assert_no_progress_bar(&output);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for says in ["bits per weight", "Q4_0    ", "Q8_0 instead of Q6_K"] {
        assert!(text.contains(says), "{says} is not said: {text}");
    }
    let path = text.lines().next().expect("a path");
    let header = whittle::gguf::check_model(path.as_ref()).expect("a model");
    assert_eq!(header.file_type, "Q4_0");
    let again = ["quantize", model, "--type", "q4_0", "--json"];
    let output = whittle(folder.path(), &again);
    let variant: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(variant["path"], path);
    assert_eq!(variant["model"]["origin"], "variant");
    let id = variant["model"]["id"].as_str().expect("an id");
    let twice = whittle(folder.path(), &["quantize", id, "--type", "q8_0"]);
    let text = String::from_utf8_lossy(&twice.stdout).into_owned();
    assert!(
        text.contains("Note: Requantized: the base is Q4_0"),
        "{twice:?}"
    );
}

#[test]
fn prune_makes_a_variant_once_and_says_what_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let model = model.to_str().expect("a name");
    let prune = ["prune", model, "--ratio", "0.3"];
    let output = whittle(folder.path(), &prune);
    assert!(output.status.success(), "{output:?}");
    assert_no_progress_bar(&output);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for says in [
        "Removed 30.0 % of the weights of the blocks",
        "64 of 128 neurons are left",
        "times the base's",
    ] {
        assert!(text.contains(says), "{says} is not said: {text}");
    }
    let path = text.lines().next().expect("a path");
    assert!(path.contains("pruned-30"), "{path}");
    let again = whittle(folder.path(), &[&prune[..], &["--json"]].concat());
    let variant: Value = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!(variant["path"], path);
    let then = [&prune[..], &["--then", "q8_0", "--json"]].concat();
    let variant: Value =
        serde_json::from_slice(&whittle(folder.path(), &then).stdout).expect("JSON");
    let record = &variant["model"]["variant"];
    assert_eq!(record["recipe"]["prune"]["ratio"], 0.3);
    assert_eq!(record["recipe"]["quantize"]["level"], "q8_0");
}

#[test]
fn upcast_writes_a_model_that_says_where_it_comes_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = tiny_model::write(folder.path(), "tiny.gguf");
    let target = folder.path().join("tiny-f16.gguf");
    let arguments = [
        "upcast",
        source.to_str().expect("a name"),
        target.to_str().expect("a name"),
    ];
    let output = whittle(folder.path(), &arguments);
    assert!(output.status.success(), "{output:?}");
    let header = whittle::gguf::check_model(&target).expect("a model");
    assert_eq!(header.file_type, "F16");
    assert_eq!(header.provenance.as_deref(), Some("upcast from F32"));
    assert!(!target.with_extension("gguf.part").exists());
    let again = whittle(folder.path(), &arguments);
    assert!(!again.status.success(), "an existing file is not replaced");
}

#[test]
fn compare_prints_one_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let model = model.to_string_lossy();
    let arguments = [
        "compare",
        &*model,
        "--quantize",
        "q4_0,q8_0",
        "--iterations",
        "2",
        "--max-tokens",
        "8",
        "--prompt",
        "hi",
    ];
    let output = whittle(folder.path(), &arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    for part in [
        "95 % interval",
        "Q4_0",
        "Q8_0",
        "Model size",
        "better",
        "-5.0 % to +5.0 %, assumed",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let output = whittle(folder.path(), &[&arguments[..], &["--json"]].concat());
    let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(run["technique"], "quantization");
    assert_eq!(run["arms"].as_array().map(Vec::len), Some(3));
    let pruned = ["--prune", "0.3", "--method", "width", "--json"];
    let arguments: Vec<&str> = arguments
        .iter()
        .take(2)
        .chain(&arguments[4..])
        .copied()
        .collect();
    let output = whittle(folder.path(), &[&arguments[..], &pruned[..]].concat());
    let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(run["technique"], "pruning");
    let recipe = &run["comparison"]["variants"][0]["recipe"];
    assert_eq!(recipe["prune"]["ratio"], 0.3);
}

#[test]
fn verdicts_are_recorded_and_judged() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let model = model.to_string_lossy();
    let out = folder.path().join("pairs.jsonl");
    let out = out.to_string_lossy();
    for slowdown in ["0", "20"] {
        let arguments = [
            "verdicts",
            "record",
            &*model,
            "--iterations",
            "4",
            "--max-tokens",
            "8",
            "--prompt",
            "hi",
            "--slowdown",
            slowdown,
            "--out",
            &*out,
        ];
        let output = whittle(folder.path(), &arguments);
        assert!(output.status.success(), "{output:?}");
    }
    let output = whittle(folder.path(), &["verdicts", "judge", &*out]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("at least 95 % worse") && text.contains("| 20 % | 4 | 3 |"),
        "{text}"
    );
}

#[test]
fn quality_prints_what_was_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = tiny_model::write(folder.path(), "base.gguf");
    let other = Tiny {
        seed: 2,
        ..Tiny::default()
    };
    let other = tiny_model::write_as(folder.path(), "other.gguf", other);
    let [base, other] = [&base, &other].map(|path| path.to_str().expect("a name"));
    let arguments = ["quality", base, other, "--chunks", "2", "--threads", "1"];
    let output = whittle(folder.path(), &arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    for says in [
        "other.gguf: ",
        "Mean KLD",
        "built-in evaluation text, 2 chunks of 512",
    ] {
        assert!(text.contains(says), "{output:?}");
    }
    assert_no_progress_bar(&output);
    let json = [
        &arguments[..],
        &["--json", "--prompt", "hi", "--max-tokens", "4"],
    ]
    .concat();
    let output = whittle(folder.path(), &json);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["baseline"]["model"], "base.gguf");
    let variant = &found["variants"][0];
    let kld = &variant["quality"]["measured"]["mean_kld"]["value"];
    assert!(kld.as_f64().is_some_and(|kld| kld > 0.0), "{found}");
    assert_eq!(variant["answers"][0]["prompt"], 1, "{found}");
    let alone = whittle(
        folder.path(),
        &["quality", base, "--chunks", "2", "--threads", "1"],
    );
    let text = String::from_utf8_lossy(&alone.stdout);
    assert!(
        text.contains("Perplexity") && !text.contains("KLD"),
        "{alone:?}"
    );
}

#[test]
fn quality_says_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let model = model.to_str().expect("a name");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path.to_str().expect("a name").to_owned()
    };
    let latin = file("latin.txt", b"caf\xe9 noir");
    let short = file("short.txt", b"hello");
    let empty = file("empty.txt", b"\n");
    let huge = file("huge.txt", &vec![b'a'; (4 << 20) + 1]);
    let cases: [(&[&str], &str); 8] = [
        (&["/no/such.gguf"], "/no/such.gguf cannot be compared"),
        (
            &[model, "/no/such.gguf"],
            "/no/such.gguf cannot be compared",
        ),
        (&[model, "--text", "/no/such.txt"], "/no/such.txt"),
        (&[model, "--text", &latin], "byte 4 is none of a character"),
        (&[model, "--text", &short], "one chunk needs 512"),
        (&[model, "--text", &empty], "is empty"),
        (&[model, "--text", &huge], "4.19 MB"),
        (&[model, "--chunks", "1001"], "1..=1000"),
    ];
    for (arguments, says) in cases {
        let output = whittle(folder.path(), &[&["quality"], arguments].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && error.contains(says),
            "{arguments:?}: {error}"
        );
    }
}

#[test]
fn bench_in_a_pipe_says_once_that_it_waits_for_the_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "tiny.gguf");
    let model = model.to_string_lossy();
    let options = ["--iterations", "1", "--max-tokens", "4", "--prompt", "hi"];
    let arguments = [&["bench", &*model], &options[..]].concat();
    // Its hash is known then: reading it waits for the machine, too.
    assert!(whittle(folder.path(), &arguments).status.success());
    let lock = MachineLock::wait(&MachineLock::default_path()).expect("the machine");
    let mut bench = command(folder.path(), &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("whittle runs");
    let mut errors = BufReader::new(bench.stderr.take().expect("its errors"));
    let mut line = String::new();
    errors.read_line(&mut line).expect("a line");
    assert!(line.starts_with("waiting: the machine is busy"), "{line}");
    drop(lock);
    let mut rest = String::new();
    errors.read_to_string(&mut rest).expect("the rest");
    assert_eq!(rest, "");
    assert!(bench.wait().expect("it ends").success());
}

#[test]
fn the_address_may_be_written_as_people_do() {
    let folder = tempfile::tempdir().expect("a folder");
    for address in ["localhost:0", "0"] {
        let serve = ["serve", "--addr", address, "--no-background"];
        let mut server = command(folder.path(), &serve)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("whittle runs");
        let mut line = String::new();
        let output = server.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        server.kill().expect("it can be killed");
        server.wait().expect("it ends");
        assert!(line.contains("http://127.0.0.1:"), "{line}");
    }
}
