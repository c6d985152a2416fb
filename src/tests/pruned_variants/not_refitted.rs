//! Pruned variants whose rest was not refitted: said before and after, once.

use whittle::bench::Variant;
use whittle::domain::not_refitted::NotRefitted;

use super::{DEPTH, WIDTH, recipe, report};
use crate::shop::{Shop, record};
use crate::tiny_model::Tiny;

const QUICK: &str = r#"{"prune": {"ratio": 0.5, "method": "depth", "quick": true}}"#;

/// What is said of pruning a model, or a variant of it, and what was made.
async fn made(shop: &Shop, base: Option<&Variant>, json: &str) -> (Vec<String>, Variant) {
    let recipe = recipe(json);
    let before = shop.forecast(base, recipe).await.warnings;
    let variant = match base {
        None => shop.make(&recipe).await.expect("it is made"),
        Some(base) => shop.make_of(base, &recipe).await,
    };
    (before, variant)
}

/// Why, and how often the variant says it.
fn said(variant: &Variant, why: NotRefitted) -> (Option<NotRefitted>, usize) {
    let words = why.words();
    let warnings = record(variant).warnings.iter();
    let times = warnings.filter(|one| **one == words).count();
    (report(variant).cut.not_refitted, times)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_blocks_cannot_be_refitted_is_said_before_and_after() {
    let gemma = Tiny {
        n_blocks: 4,
        ..Tiny::of("gemma3")
    };
    // More neurons than 10 chunks have tokens.
    let wide = Tiny {
        n_ff: 6400,
        ..Tiny::default()
    };
    for (tiny, json, why) in [
        (gemma, DEPTH, NotRefitted::Architecture),
        (wide, QUICK, NotRefitted::Text),
    ] {
        let (before, variant) = made(&Shop::with_tiny(tiny), None, json).await;
        assert_eq!(before, [why.words()]);
        assert_eq!(said(&variant, why), (Some(why), 1));
    }
    let (before, variant) = made(&Shop::new(), None, DEPTH).await;
    assert_eq!(before, [""; 0]);
    assert_eq!(said(&variant, NotRefitted::Memory), (None, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn wide_blocks_are_refitted_on_as_much_text_as_they_need() {
    // More neurons than the usual chunks have tokens, as 8 billion parameters have.
    let shop = Shop::with_tiny(Tiny {
        n_ff: 14_336,
        ..Tiny::default()
    });
    let forecast = shop.forecast(None, recipe(DEPTH)).await;
    assert_eq!(forecast.warnings, [""; 0]);
    let forecast = shop.forecast(None, recipe(QUICK)).await;
    assert_eq!(forecast.warnings, [NotRefitted::Text.words()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_quantized_base_it_is_said_once_whatever_goes() {
    let shop = Shop::new();
    let q8 = r#"{"quantize": {"level": "q8_0"}}"#;
    let q8 = shop.make(&recipe(q8)).await.expect("it is made");
    let why = NotRefitted::Quantized;

    let (before, depth) = made(&shop, Some(&q8), DEPTH).await;
    assert_eq!(before, [why.words()]);
    assert_eq!(said(&depth, why), (Some(why), 1));
    // By width it is said with the groups that neurons go in.
    let (before, width) = made(&shop, Some(&q8), WIDTH).await;
    assert_eq!(said(&width, why), (Some(why), 0));
    let warnings = &record(&width).warnings;
    let coarsely = |words: &&String| words.contains("what stays cannot be repaired");
    assert_eq!(before.iter().filter(coarsely).count(), 1, "{before:?}");
    assert_eq!(warnings.iter().filter(coarsely).count(), 1, "{warnings:?}");
}
