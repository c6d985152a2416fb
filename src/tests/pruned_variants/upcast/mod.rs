//! A quantized model that is upcast to F16 and then pruned: as said before, and nothing else
//! stays of it.

mod asked;
mod ended;

use std::path::Path;

use serde_json::json;
use whittle::bench::Making;
use whittle::domain::pruning::{Prune, PruningForecast};
use whittle::domain::quantization::QuantizationType;
use whittle::domain::recipe::Recipe;

use super::{WIDTH, is_pruning, recipe, report};
use crate::shop::{Shop, files_below, record};
use crate::tiny_model::Tiny;

const UPCAST: &str = r#"{"prune": {"ratio": 0.3, "upcast": true}}"#;
const THEN_Q4_0: &str =
    r#"{"prune": {"ratio": 0.3, "upcast": true}, "quantize": {"level": "q4_0"}}"#;
const NOTE: &str = "Pruned from an F16 upcast of Q4_0: what quantizing lost stays lost.";

fn is_upcasting(making: &Making) -> bool {
    matches!(making, Making::Upcasting(..))
}

async fn quantized_shop() -> Shop {
    Shop::with_quantized(QuantizationType::Q4_0).await
}

/// The F16 files that lie below a folder meanwhile.
fn upcasts_below(folder: &Path) -> usize {
    let files = files_below(folder);
    files
        .iter()
        .filter(|file| file.ends_with("upcast.gguf"))
        .count()
}

/// What the same model of F16 would lose, but for a few bytes of its header.
async fn assert_as_of_f16(pruning: &PruningForecast, recipe: Recipe) {
    let exact = Shop::with_tiny(Tiny {
        is_half: true,
        ..Tiny::default()
    });
    let as_it_is = Prune {
        upcast: false,
        ..recipe.prune.expect("it prunes")
    };
    let forecast = exact.forecast(None, Recipe::pruned(as_it_is)).await;
    let right = forecast.pruning.expect("it is pruned");
    let same = PruningForecast {
        bytes_before: right.bytes_before,
        bytes_after: right.bytes_after,
        memory_bytes: right.memory_bytes,
        ..*pruning
    };
    assert_eq!(same, right);
    for (one, other) in [
        (pruning.bytes_after, right.bytes_after),
        (pruning.memory_bytes, right.memory_bytes),
    ] {
        assert!(one.abs_diff(other) < 1024, "{pruning:?}, {right:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_upcast_first_is_forecast_to_the_byte_and_refitted() {
    let shop = quantized_shop().await;
    let base = &shop.located.model;
    for (json, label, n_ff, n_blocks, n_heads) in [
        (UPCAST, "pruned 30 % (from an F16 upcast)", 64, 2, 0),
        (
            r#"{"prune": {"ratio": 0.5, "method": "depth", "upcast": true}}"#,
            "pruned 50 % by depth (from an F16 upcast)",
            128,
            1,
            0,
        ),
        // Heads go of models alone whose neurons go one by one.
        (
            r#"{"prune": {"ratio": 0.5, "upcast": true}}"#,
            "pruned 50 % (from an F16 upcast)",
            64,
            2,
            2,
        ),
    ] {
        let recipe = recipe(json);
        let forecast = shop.forecast(None, recipe).await;
        let pruning = forecast.pruning.expect("it is pruned");
        let after = (
            pruning.n_ff_after,
            pruning.n_blocks_after,
            pruning.n_heads_removed,
        );
        assert_eq!(after, (n_ff, n_blocks, n_heads), "{json}");
        assert_eq!(pruning.bytes_before, base.size_bytes);
        // The F16 file lies on the workbench as well.
        let of_f16 = 2 * base.n_params;
        assert!(forecast.meanwhile_bytes > of_f16, "{forecast:?}");
        assert_as_of_f16(&pruning, recipe).await;
        let words = forecast.pruned_in_words().expect("it is pruned");
        assert!(words.contains("the whole file grows by "), "{words}");
        let [note, grown] = &forecast.warnings[..] else {
            panic!("{:?}", forecast.warnings)
        };
        assert_eq!(note, NOTE);
        let says = "larger than the Q4_0 that it is made of";
        assert!(grown.contains(says), "{grown}");

        let (mut told, mut n_meanwhile, mut n_afterwards) = (Vec::new(), 0, 0);
        let made = shop.make_watched(&recipe, |making| {
            let n = upcasts_below(&shop.workshop.variants);
            match &making {
                Making::Pruning(_) if n_meanwhile == 0 => n_meanwhile = n,
                Making::Checking(..) => n_afterwards += n,
                _ => {}
            }
            told.push(making);
        });
        let variant = made.await.expect("it is made");
        assert_eq!((n_meanwhile, n_afterwards), (1, 0), "{json}");
        assert_eq!(variant.model.size_bytes, forecast.size_bytes, "{json}");
        assert_eq!(variant.model.n_params, pruning.params_after);
        let [first, .., last] = &told[..] else {
            panic!("{told:?}")
        };
        assert!(is_upcasting(first) && *last == Making::Hashing, "{told:?}");
        let upcast = told.iter().rposition(is_upcasting).expect("an upcast");
        assert!(upcast < told.iter().position(is_pruning).expect("pruning"));
        assert!(
            matches!(told[upcast], Making::Upcasting(n, of) if n == of),
            "{:?}",
            told[upcast]
        );

        let made = record(&variant);
        assert_eq!((made.recipe, made.label().as_str()), (recipe, label));
        assert_eq!(made.base.sha256, base.sha256);
        assert_eq!(made.tensor_types[0].name, "F16");
        assert_eq!(made.warnings, [NOTE]);
        let cut = &report(&variant).cut;
        assert_eq!(
            (cut.bytes_before, cut.not_refitted),
            (base.size_bytes, None)
        );
        let provenance = variant.model.provenance.as_deref().expect("a provenance");
        let says = " from F16, upcast from Q4_0, quantized from F32";
        assert!(provenance.ends_with(says), "{provenance}");
    }
    assert_eq!(shop.left().len(), 6, "{:?}", shop.left());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_and_without_an_upcast_are_two_variants() {
    let shop = quantized_shop().await;
    let coarse = shop.make(&recipe(WIDTH)).await.expect("it is made");
    let upcast = shop.make(&recipe(UPCAST)).await.expect("it is made");
    assert_ne!(record(&coarse).address, record(&upcast).address);
    assert_eq!(record(&coarse).tensor_types[0].name, "Q4_0");
    // What was found by one search says nothing of the other.
    let depth = |upcast: bool| {
        let prune = json!({"ratio": 0.5, "method": "depth", "upcast": upcast});
        recipe(&json!({"prune": prune}).to_string())
    };
    for recipe in [depth(false), depth(true)] {
        let made = shop.make(&recipe).await.expect("it is made");
        assert_eq!(report(&made).cut.blocks_known, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_upcast_and_pruned_is_quantized_then() {
    let shop = quantized_shop().await;
    let recipe = recipe(THEN_Q4_0);
    let forecast = shop.forecast(None, recipe).await;
    assert_eq!(forecast.warnings, [NOTE], "once, and it is smaller");
    let variant = shop.make(&recipe).await.expect("it is made");
    let made = record(&variant);
    assert_eq!(made.tensor_types[0].name, "Q4_0");
    assert_eq!(made.warnings, [NOTE]);
    assert!(variant.model.size_bytes < shop.located.model.size_bytes);
    let off = forecast.size_bytes.abs_diff(variant.model.size_bytes) as f64;
    assert!(
        off < 0.05 * variant.model.size_bytes as f64,
        "{off} bytes off"
    );
    assert_eq!(shop.left().len(), 2, "{:?}", shop.left());
}
