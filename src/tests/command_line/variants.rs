//! `whittle quantize`, `prune` and `upcast`.

use std::collections::BTreeMap;
use std::fs::File;

use serde_json::Value;
use whittle::gguf::{Document, check_model};

use super::{Desk, assert_says};
use crate::shop::kept_orders;

#[test]
fn quantize_makes_a_variant_once_and_says_what_is_in_it() {
    let desk = Desk::new();
    let text = desk.printed_quietly(&["quantize", &desk.model, "--type", "Q4_0"]);
    let says = [
        "bits per weight",
        "The whole file: ",
        " % smaller",
        "Made in ",
        "Q4_0    ",
        "Q8_0 instead of Q6_K",
    ];
    assert_says(&text, says);
    let path = text.lines().next().expect("a path");
    let header = check_model(path.as_ref()).expect("a model");
    assert_eq!(header.file_type, "Q4_0");
    let again = desk.printed(&["quantize", &desk.model, "--type", "q4_0"]);
    assert!(!again.contains("Made in "), "it was there: {again}");
    let variant = desk.json(&["quantize", &desk.model, "--type", "q4_0"]);
    assert_eq!(variant["path"], path);
    assert_eq!(variant["model"]["origin"], "variant");
    let id = variant["model"]["id"].as_str().expect("an id");
    let twice = desk.printed(&["quantize", id, "--type", "q8_0"]);
    assert_says(&twice, ["Note: Requantized: the base is Q4_0"]);
}

#[test]
fn quantize_weighs_errors_by_an_importance_matrix_where_asked() {
    let desk = Desk::new();
    let quantize = ["quantize", &*desk.model, "--type", "q4_0"];
    let plain = desk.json(&quantize);
    assert!(plain["model"]["variant"]["imatrix"].is_null(), "{plain}");
    let weighed = desk.json(&[&quantize[..], &["--imatrix"]].concat());
    assert_eq!(weighed["model"]["variant"]["imatrix"]["n_chunks"], 40);
    assert_ne!(weighed["model"]["sha256"], plain["model"]["sha256"]);
}

#[test]
fn prune_makes_a_variant_once_and_says_what_is_gone() {
    let desk = Desk::new();
    let prune = ["prune", &*desk.model, "--ratio", "0.3"];
    let text = desk.printed_quietly(&prune);
    let says = [
        "Removed 30.0 % of the weights of the blocks",
        " MB before any quantizing (",
        "64 of 128 neurons are left",
        "neurons were chosen, and what stays was refitted, on ",
        "times the base's",
        "Made in ",
    ];
    assert_says(&text, says);
    let path = text.lines().next().expect("a path");
    assert!(path.contains("pruned-30"), "{path}");
    assert_eq!(desk.json(&prune)["path"], path);
    let variant = desk.json(&[&prune[..], &["--then", "q8_0"]].concat());
    let record = &variant["model"]["variant"];
    assert_eq!(record["recipe"]["prune"]["ratio"], 0.3);
    assert_eq!(record["recipe"]["quantize"]["level"], "q8_0");
}

#[test]
fn what_will_become_of_a_model_is_said_before_it_is_made() {
    let desk = Desk::new();
    let foretold = |arguments: &[&str]| {
        let output = desk.run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let q8_0 = ["quantize", &*desk.model, "--type", "q8_0", "--json"];
    let said = foretold(&q8_0);
    assert_says(&said, ["Predicted: 0.", " MB, ", " % smaller."]);
    assert!(!said.contains("Note: "), "{said}");
    let id = desk.json(&q8_0[..4])["model"]["id"].clone();
    let id = id.as_str().expect("an id");
    let width = foretold(&["prune", id, "--ratio", "0.3"]);
    let says = [
        "Predicted: 30.0 % of the blocks' weights go, 64 of 128 neurons of each block.",
        "the whole file shrinks by ",
        "Note: Pruned coarsely: the base is Q8_0",
    ];
    assert_says(&width, says);
    let depth = ["prune", &*desk.model, "--ratio", "0.5", "--method", "depth"];
    let says = ["1 of 2 blocks", "each on 4,096 tokens of calibration text"];
    assert_says(&foretold(&depth), says);
}

/// The tensors of a file with their types, shapes and bytes, by their names.
fn tensors(path: &str) -> BTreeMap<String, (u32, Vec<u64>, Vec<u8>)> {
    let mut file = File::open(path).expect("a model");
    let size = file.metadata().expect("its size").len();
    let document = Document::read(&file, size).expect("a model");
    let all = document.tensors().map(|tensor| {
        let bytes = document.read_tensor(&mut file, tensor);
        let content = (
            tensor.kind().id(),
            tensor.shape().to_vec(),
            bytes.expect("its bytes"),
        );
        (tensor.name().to_owned(), content)
    });
    all.collect()
}

#[test]
fn prune_upcasts_first_where_asked_as_upcast_does() {
    let desk = Desk::new();
    let path = |made: &Value| made["path"].as_str().expect("a path").to_owned();
    let quantized = path(&desk.json(&["quantize", &desk.model, "--type", "q8_0"]));
    let by_hand = desk.path("by-hand.gguf");
    desk.printed(&["upcast", &quantized, &by_hand]);
    for options in [
        &["--ratio", "0.3"][..],
        &["--ratio", "0.5", "--method", "depth"],
        &["--ratio", "0.5", "--method", "auto"],
    ] {
        let made = |model: &str, more: &[&str]| {
            let prune = [&["prune", model], options, more].concat();
            path(&desk.json(&prune))
        };
        let [at_once, in_two] = [made(&quantized, &["--upcast"]), made(&by_hand, &[])];
        let [at_once, in_two] = [at_once, in_two].map(|made| tensors(&made));
        assert!(at_once == in_two, "{options:?}: other tensors");
        assert!(at_once.contains_key("token_embd.weight"));
    }
    // It is foretold that the file grows, and what was made says what it comes from.
    let output = desk.run(&["prune", &quantized, "--ratio", "0.15", "--upcast"]);
    let [foretold, said] =
        [output.stderr, output.stdout].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    let note = "Note: Pruned from an F16 upcast of Q8_0: what quantizing lost stays lost.";
    assert_says(
        &foretold,
        ["the whole file grows by ", "becomes larger", note],
    );
    assert_says(&said, [" % larger", " % more)", note]);
    let needless = ["prune", &*by_hand, "--ratio", "0.3", "--upcast"];
    desk.assert_refused(&needless, "there is nothing to upcast");
    let unpruned = ["compare", &*quantized, "--quantize", "q4_0", "--upcast"];
    desk.assert_refused(&unpruned, "--prune");
}

#[test]
fn what_an_earlier_search_found_is_known_and_said() {
    let desk = Desk::new();
    let prune = ["prune", &*desk.model, "--ratio", "0.5", "--method", "depth"];
    let known = "order of what is gone known from an earlier search";
    let first = desk.printed(&prune);
    assert!(!first.contains(known), "{first}");
    // Another variant, of the same order.
    let second = desk.printed(&[&prune[..], &["--loss-budget", "10"]].concat());
    assert_says(&second, ["of 2 is gone", known]);

    // One that is damaged is not used, and why is said.
    let kept = kept_orders(&desk.folder.path().join("data/cache"));
    assert_eq!(kept.len(), 1);
    std::fs::write(&kept[0], "{").expect("it is damaged");
    let third = desk.run(&[&prune[..], &["--loss-budget", "9"]].concat());
    assert!(third.status.success(), "{third:?}");
    assert!(!String::from_utf8_lossy(&third.stdout).contains(known));
    let log = String::from_utf8_lossy(&third.stderr).into_owned();
    assert_says(&log, ["is not used", "it is damaged: "]);
}

#[test]
fn upcast_writes_a_model_that_says_where_it_comes_from() {
    let desk = Desk::new();
    let target = desk.path("tiny-f16.gguf");
    let upcast = ["upcast", &*desk.model, &target];
    desk.printed(&upcast);
    let header = check_model(target.as_ref()).expect("a model");
    assert_eq!(header.file_type, "F16");
    assert_eq!(header.provenance.as_deref(), Some("upcast from F32"));
    assert!(!std::path::Path::new(&desk.path("tiny-f16.gguf.part")).exists());
    let again = desk.run(&upcast);
    assert!(!again.status.success(), "an existing file is not replaced");
}
