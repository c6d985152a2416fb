//! `whittle quality`.

use super::{Desk, assert_says};
use crate::tiny_model::{self, Tiny};

#[test]
fn quality_prints_what_was_lost() {
    let desk = Desk::new();
    let other = Tiny {
        seed: 2,
        ..Tiny::default()
    };
    tiny_model::write_as(desk.folder.path(), "other.gguf", other);
    let other = desk.path("other.gguf");
    let short = ["--chunks", "2", "--threads", "1"];
    let quality = [&["quality", &*desk.model, &other], &short[..]].concat();
    let says = [
        "other.gguf: ",
        "Mean KLD",
        "built-in evaluation text, 2 chunks of 512",
    ];
    assert_says(&desk.printed_quietly(&quality), says);
    let answering = ["--prompt", "hi", "--max-tokens", "4"];
    let found = desk.json(&[&quality[..], &answering].concat());
    assert_eq!(found["baseline"]["model"], "tiny.gguf");
    let variant = &found["variants"][0];
    let kld = &variant["quality"]["measured"]["mean_kld"]["value"];
    assert!(kld.as_f64().is_some_and(|kld| kld > 0.0), "{found}");
    assert_eq!(variant["answers"][0]["prompt"], 1, "{found}");
    let alone = desk.printed(&[&["quality", &*desk.model], &short[..]].concat());
    assert_says(&alone, ["Perplexity"]);
    assert!(!alone.contains("KLD"), "{alone}");
}

#[test]
fn quality_says_what_is_wrong() {
    let desk = Desk::new();
    let model = &*desk.model;
    let latin = desk.file("latin.txt", b"caf\xe9 noir");
    let short = desk.file("short.txt", b"hello");
    let empty = desk.file("empty.txt", b"\n");
    let huge = desk.file("huge.txt", &vec![b'a'; (4 << 20) + 1]);
    let folder = desk.folder.path().to_string_lossy();
    let is_folder = format!("{folder} is a folder; give one of the .gguf files in it");
    let none = "no such file: /no/such.gguf; give the path of a .gguf file, or an id of the \
                library: the Models page of `whittle serve` lists them";
    let neither = "/no-such, and no model no-such is in the library of ";
    let cases: [(&[&str], &str); 13] = [
        (&["/no/such.gguf"], none),
        (&[model, "/no/such.gguf"], none),
        (&["no-such"], "no such file: /"),
        (&["no-such"], neither),
        (&[&folder], &is_folder),
        (
            &[&short],
            "short.txt cannot be used: not a GGUF file: it does",
        ),
        (&[model, "--prompt", " "], "--prompt: prompt 1 is empty"),
        (
            &[model, "--text", "/no/such.txt"],
            "--text /no/such.txt is not there",
        ),
        (&[model, "--text", &latin], "byte 4 is none of a character"),
        (&[model, "--text", &short], "one chunk needs 512"),
        (
            &[model, "--text", &empty],
            "--text: the text “empty.txt” is empty",
        ),
        (&[model, "--text", &huge], "4.19 MB"),
        (&[model, "--chunks", "1001"], "1..=1000"),
    ];
    for (arguments, says) in cases {
        desk.assert_refused(&[&["quality"], arguments].concat(), says);
    }
}
