//! `whittle compare`.

use super::{Desk, assert_says};

#[test]
fn compare_prints_one_table() {
    let desk = Desk::new();
    let compare = ["compare", &*desk.model];
    let short = ["--iterations", "2", "--max-tokens", "8", "--prompt", "hi"];
    let quantized = [&compare, &["--quantize", "q4_0,q8_0"], &short[..]].concat();
    let says = [
        "95 % interval",
        "Q4_0",
        "Q8_0",
        "Model size",
        "better",
        "-5.0 % to +5.0 %, assumed",
        "Measured on CPU, ",
    ];
    assert_says(&desk.printed(&quantized), says);
    let run = desk.json(&quantized);
    assert_eq!(run["technique"], "quantization");
    assert_eq!(run["arms"].as_array().map(Vec::len), Some(3));
    let pruned = ["--prune", "0.3", "--method", "width"];
    let run = desk.json(&[&compare, &pruned[..], &short].concat());
    assert_eq!(run["technique"], "pruning");
    let recipe = &run["comparison"]["variants"][0]["recipe"];
    assert_eq!(recipe["prune"]["ratio"], 0.3);
}

#[test]
fn compare_shows_how_to_quantize_and_how_to_prune() {
    let help = Desk::new().printed(&["compare", "--help"]);
    let says = [
        "Quantize or prune a model",
        "<--quantize <LEVELS>|--prune <RATIOS>>",
        "whittle compare MODEL --quantize q4_0,q8_0",
        "whittle compare MODEL --prune 0.2,0.3 --quality",
    ];
    assert_says(&help, says);
}
