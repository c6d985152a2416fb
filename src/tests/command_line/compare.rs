//! `whittle compare`.

use serde_json::json;

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
        "A change is the mean over pairs of launches",
        "`whittle noise MODEL` with the same options does it.",
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
fn compare_prunes_in_every_way_that_prune_does() {
    let desk = Desk::new();
    let compare = ["compare", &*desk.model, "--iterations", "1"];
    let short = ["--max-tokens", "4", "--prompt", "hi"];
    let depth = ["--prune", "0.5", "--method", "depth", "--quick"];
    let further = ["--loss-budget", "10", "--then", "q8_0"];
    let run = desk.json(&[&compare[..], &short, &depth, &further].concat());
    let recipe = json!({
        "prune": {
            "method": "depth", "ratio": 0.5, "quick": true, "loss_budget": 10.0,
        },
        "quantize": {"level": "q8_0", "imatrix": false},
    });
    assert_eq!(run["spec"]["recipes"], json!([recipe]));
    let printed = desk.printed(&[&compare[..], &short, &depth, &further].concat());
    let says = [" by depth", "of the blocks' weights removed, perplexity × "];
    assert_says(&printed, says);
    let kept = &run["arms"][1]["model"]["variant"]["recipe"];
    assert_eq!(*kept, recipe, "{run}");
    for alone in [&further[..2], &further[2..], &["--quick"]] {
        let quantized = [&compare[..], &["--quantize", "q4_0"], alone].concat();
        desk.assert_refused(&quantized, "required arguments were not provided");
    }
}

#[test]
fn compare_says_what_was_lost_where_asked() {
    let desk = Desk::new();
    let compare = ["compare", &*desk.model, "--quantize", "q4_0"];
    let quality = ["--quality", "--chunks", "2"];
    let short = ["--iterations", "1", "--max-tokens", "4", "--prompt", "hi"];
    let compare = [&compare[..], &quality, &short].concat();
    let text = desk.printed_quietly(&compare);
    let says = [
        "Perplexity",
        "undecided, needs more text",
        "Mean KLD",
        "Same top token",
    ];
    assert_says(&text, says);
    let run = desk.json(&compare);
    let quality = &run["comparison"]["variants"][0]["quality"]["measured"];
    assert_eq!(quality["perplexity"]["n_chunks"], 2, "{run}");
    let kld = quality["mean_kld"]["value"].as_f64();
    assert!(kld.is_some_and(|kld| kld > 0.0), "{run}");
}

#[test]
fn compare_shows_how_to_quantize_and_how_to_prune() {
    let help = Desk::new().printed(&["compare", "--help"]);
    let says = [
        "Quantize or prune a model",
        "<--quantize <LEVELS>|--prune <RATIOS>>",
        "whittle compare MODEL --quantize q4_0,q8_0",
        "whittle compare MODEL --prune 0.2,0.3 --quality",
        "whittle compare MODEL --prune 0.3 --quick --then q8_0",
    ];
    assert_says(&help, says);
}
