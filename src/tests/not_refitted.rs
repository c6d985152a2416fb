//! Pruned variants whose rest was not refitted: said before and after, once.

use std::fs::File;

use whittle::bench::Variant;
use whittle::domain::model::Model;
use whittle::domain::not_refitted::NotRefitted;
use whittle::domain::recipe::Recipe;
use whittle::library::{DataFolder, Library};

use crate::tiny_model::{self, Tiny};
use crate::variants::Shop;

const DEPTH: &str = r#"{"prune": {"ratio": 0.5, "method": "depth"}}"#;
const QUICK: &str = r#"{"prune": {"ratio": 0.5, "method": "depth", "quick": true}}"#;
const WIDTH: &str = r#"{"prune": {"ratio": 0.3}}"#;

fn recipe(json: &str) -> Recipe {
    serde_json::from_str(json).expect("a recipe")
}

/// A workshop with another model.
fn shop_of(tiny: Tiny) -> Shop {
    let shop = Shop::new();
    let folder = shop.folder.path();
    let path = tiny_model::write_as(folder, "other.gguf", tiny);
    let data = DataFolder::open(&folder.join("data")).expect("a data folder");
    let library = Library::open(&data, &[], folder.join("machine.lock")).expect("a library");
    Shop {
        located: library.at_path(&path).expect("the model"),
        ..shop
    }
}

/// What is said before, and what was made.
async fn made(shop: &Shop, base: &Model, file: &File, json: &str) -> (Vec<String>, Variant) {
    let recipe = recipe(json);
    let forecast = shop.workshop.forecast(base, file, &[recipe]).await;
    let mut forecast = forecast.expect("a forecast");
    let variant = shop.workshop.make(base, file, &recipe, |_| ()).await;
    (
        forecast.variants.remove(0).warnings,
        variant.expect("it is made"),
    )
}

/// Why, and how often the variant says it.
fn said(variant: &Variant, why: NotRefitted) -> (Option<NotRefitted>, usize) {
    let record = variant.model.variant.as_ref().expect("a variant");
    let report = record.pruning.as_ref().expect("a report");
    let words = why.words();
    let times = record.warnings.iter().filter(|one| **one == words).count();
    (report.cut.not_refitted, times)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_blocks_cannot_be_refitted_is_said_before_and_after() {
    let gemma = Tiny {
        architecture: "gemma3",
        n_blocks: 4,
        ..Tiny::default()
    };
    // More neurons than 12 chunks have tokens.
    let wide = Tiny {
        n_ff: 6400,
        ..Tiny::default()
    };
    for (tiny, json, why) in [
        (gemma, DEPTH, NotRefitted::Architecture),
        (wide, QUICK, NotRefitted::Text),
    ] {
        let shop = shop_of(tiny);
        let base = &shop.located.model;
        let (before, variant) = made(&shop, base, &shop.base(), json).await;
        assert_eq!(before, [why.words()]);
        assert_eq!(said(&variant, why), (Some(why), 1));
    }
    let shop = Shop::new();
    let base = &shop.located.model;
    let (before, variant) = made(&shop, base, &shop.base(), DEPTH).await;
    assert_eq!(before, [""; 0]);
    assert_eq!(said(&variant, NotRefitted::Memory), (None, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_quantized_base_it_is_said_once_whatever_goes() {
    let shop = Shop::new();
    let q8 = r#"{"quantize": {"level": "q8_0"}}"#;
    let q8 = shop.make(&recipe(q8)).await.expect("it is made");
    let file = File::open(&q8.path).expect("the variant");
    let why = NotRefitted::Quantized;

    let (before, depth) = made(&shop, &q8.model, &file, DEPTH).await;
    assert_eq!(before, [why.words()]);
    assert_eq!(said(&depth, why), (Some(why), 1));
    // By width it is said with the groups that neurons go in.
    let (before, width) = made(&shop, &q8.model, &file, WIDTH).await;
    assert_eq!(said(&width, why), (Some(why), 0));
    let record = width.model.variant.as_ref().expect("a variant");
    let coarsely = |words: &&String| words.contains("what stays cannot be repaired");
    assert_eq!(before.iter().filter(coarsely).count(), 1, "{before:?}");
    let after = record.warnings.iter().filter(coarsely);
    assert_eq!(after.count(), 1, "{:?}", record.warnings);
}
