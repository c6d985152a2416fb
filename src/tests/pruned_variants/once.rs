//! A model is pruned once: for every type that it is quantized to, and for whoever
//! asks.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Mutex;

use whittle::bench::{Making, Variant};
use whittle::domain::pruning::PruningProgress;
use whittle::gguf::Document;

use super::{THEN_Q8_0, WIDTH, is_pruning, recipe, report};
use crate::shop::{Shop, files_below, record};

/// The file says what was pruned, and of what, though another worker quantized it.
fn assert_labels_are_kept(shop: &Shop, variant: &Variant) {
    let file = File::open(&variant.path).expect("its file");
    let document = Document::read(file, variant.model.size_bytes).expect("a model");
    let cut = &report(variant).cut;
    let achieved = format!("{:.4}", cut.achieved_pruning_ratio);
    let base = &shop.located.model;
    let name = format!("{}, pruned 30 %", base.name);
    for (key, text) in [
        ("general.name", name.as_str()),
        ("whittle.base.name", base.name.as_str()),
        ("whittle.base.sha256", base.sha256.as_str()),
        ("whittle.pruning.method", "width"),
        ("whittle.pruning.ratio", "0.3"),
        ("whittle.pruning.achieved_ratio", achieved.as_str()),
    ] {
        assert_eq!(document.text(key), Some(text), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prune_then_quantize_is_one_recipe_and_one_file() {
    let shop = Shop::new();
    let both = recipe(THEN_Q8_0);
    let mut told = Vec::new();
    let made = shop.make_watched(&both, |making| told.push(making)).await;
    let variant = made.expect("it is made");
    let made = record(&variant);
    assert_eq!(made.recipe, both);
    assert!(made.quantize_s.is_some());
    assert_eq!(made.base.sha256, shop.located.model.sha256);
    assert_eq!(made.tensor_types[0].name, "Q8_0");
    assert!(variant.model.id.0.starts_with("tiny-pruned-30-q8_0-"));
    let provenance = variant.model.provenance.as_deref();
    assert_eq!(provenance, Some("quantized from F32, pruned 30 % from F32"));
    assert_labels_are_kept(&shop, &variant);
    let is_checking = |making: &Making| matches!(making, Making::Checking(..));
    let is_quantizing = |making: &Making| matches!(making, Making::Tensors(..));
    let order = [
        told.iter().position(is_pruning),
        told.iter().position(is_checking),
        told.iter().position(is_quantizing),
        told.iter().rposition(is_checking),
    ]
    .map(|place| place.expect("every step"));
    assert!(order.is_sorted(), "{order:?}");
    // What it was quantized from is not kept.
    assert_eq!(shop.left().len(), 2, "{:?}", shop.left());
    let forecast = shop.forecast(None, both).await;
    let off = forecast.size_bytes.abs_diff(variant.model.size_bytes) as f64;
    assert!(
        off < 0.05 * variant.model.size_bytes as f64,
        "{off} bytes off"
    );

    // It is not pruned again for another type, nor to be kept as it is.
    let mut was_pruned = false;
    let q5_0 = r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q5_0"}}"#;
    for json in [q5_0, WIDTH] {
        let made = shop
            .make_watched(&recipe(json), |making| was_pruned |= is_pruning(&making))
            .await;
        let made = made.expect("it is made");
        assert_eq!(report(&made).cut.layers, report(&variant).cut.layers);
    }
    assert!(!was_pruned);
    let cached = files_below(&shop.workshop.cache);
    let is_kept = |path: &PathBuf| path.extension().is_some_and(|end| end == "gguf");
    assert!(
        !cached.iter().any(is_kept),
        "it is on the shelf: {cached:?}"
    );
    let imatrix = r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q4_0", "imatrix": true}}"#;
    let made = shop
        .make_watched(&recipe(imatrix), |making| was_pruned |= is_pruning(&making))
        .await
        .expect("it is made");
    assert!(!was_pruned);
    assert!(
        record(&made).imatrix.is_some(),
        "of the pruned model: its shapes are others"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_once_and_the_same_again() {
    let shop = Shop::new();
    let begun = Mutex::new(0);
    let count = |making: Making| {
        let is_write = matches!(
            making,
            Making::Pruning(PruningProgress::Layer { layer: 1, .. })
        );
        *begun.lock().expect("a count") += i32::from(is_write);
    };
    let width = recipe(WIDTH);
    let (one, two) = tokio::join!(
        shop.make_watched(&width, count),
        shop.make_watched(&width, count)
    );
    let (one, two) = (one.expect("it is made"), two.expect("it is made"));
    assert_eq!((&one.path, &one.model), (&two.path, &two.model));
    let n_begun = *begun.lock().expect("a count");
    shop.make_watched(&width, count).await.expect("it is found");
    assert_eq!(*begun.lock().expect("a count"), n_begun);
    fs::remove_file(&one.path).expect("the variant");
    let again = shop.make(&width).await.expect("it is made");
    assert_eq!(again.model.sha256, one.model.sha256, "the same file again");
}
