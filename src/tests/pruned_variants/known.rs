//! The order in which blocks of a model go is searched for once, and kept.

use std::fs;
use std::path::PathBuf;

use whittle::bench::{Making, Variant};
use whittle::domain::pruning::PruningProgress;

use super::{recipe, report};
use crate::shop::{NO_FILES, Shop, kept_orders};
use crate::tiny_model::Tiny;

/// Quick ones: what is kept and known again is the same, of fewer tokens.
const QUARTER: &str = r#"{"prune": {"ratio": 0.25, "method": "depth", "quick": true}}"#;
const DEPTH: &str = r#"{"prune": {"ratio": 0.5, "method": "depth", "quick": true}}"#;
const BOUNDED: &str =
    r#"{"prune": {"ratio": 0.5, "method": "depth", "quick": true, "loss_budget": 10}}"#;
const AUTO: &str = r#"{"prune": {"ratio": 0.5, "method": "auto", "quick": true}}"#;
const THOROUGH: &str = r#"{"prune": {"ratio": 0.5, "method": "depth"}}"#;

/// A model of four blocks.
fn tiny(seed: u64) -> Tiny {
    Tiny {
        n_blocks: 4,
        seed,
        ..Tiny::default()
    }
}

fn shop() -> Shop {
    Shop::with_tiny(tiny(1))
}

/// A step of a search, or what comes before one.
fn is_search(making: &Making) -> bool {
    use PruningProgress::{Search, Whole};

    matches!(making, Making::Pruning(Whole { .. } | Search { .. }))
}

/// The variant, and whether blocks were searched for.
async fn made(shop: &Shop, json: &str) -> (Variant, bool) {
    let (recipe, mut is_searched) = (recipe(json), false);
    let made = shop.make_watched(&recipe, |making| is_searched |= is_search(&making));
    (made.await.expect("it is made"), is_searched)
}

fn kept(shop: &Shop) -> Vec<PathBuf> {
    kept_orders(&shop.workshop.cache)
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_searched_for_once_and_the_file_is_the_same() {
    let shop = shop();
    let (first, is_searched) = made(&shop, DEPTH).await;
    assert!(is_searched);
    assert_eq!(report(&first).cut.blocks_known, 0);
    assert_eq!(report(&first).check.n_chunks, 10, "quick or not");
    let bytes = fs::read(&first.path).expect("the variant");
    fs::remove_file(&first.path).expect("the variant");

    let (depth, mut told) = (recipe(DEPTH), Vec::new());
    let again = shop.make_watched(&depth, |making| told.push(making));
    let again = again.await.expect("it is made");
    assert!(!told.iter().any(is_search), "{told:?}");
    assert_eq!(told[0], Making::Pruning(PruningProgress::Known));
    assert!(bytes == fs::read(&again.path).expect("the variant"));
    let cut = &report(&again).cut;
    assert_eq!(cut.curve, report(&first).cut.curve);
    let said = cut.known_in_words();
    assert_eq!(
        said.as_deref(),
        Some("order of what is gone known from an earlier search")
    );

    // Fewer of them, and no more than a budget allows.
    for (json, n_removed) in [(QUARTER, 1), (BOUNDED, 2)] {
        let (variant, is_searched) = made(&shop, json).await;
        assert!(!is_searched, "{json}");
        let cut = &report(&variant).cut;
        assert_eq!(cut.curve, report(&first).cut.curve[..=n_removed]);
        assert_eq!(cut.blocks_known, n_removed as u32);
    }
    // A thorough search is another one, which is kept beside it.
    let (first, is_searched) = made(&shop, THOROUGH).await;
    assert!(is_searched);
    fs::remove_file(&first.path).expect("the variant");
    let (again, is_searched) = made(&shop, THOROUGH).await;
    assert!(!is_searched);
    assert_eq!(again.model.sha256, first.model.sha256);
    assert_eq!(kept(&shop).len(), 2);
    shop.assert_nothing_in_the_making();
}

#[tokio::test(flavor = "multi_thread")]
async fn mixtures_go_on_from_what_is_known_by_depth() {
    let (shop, other) = (shop(), shop());
    let (alone, is_searched) = made(&other, AUTO).await;
    assert!(is_searched);
    made(&shop, DEPTH).await;
    let (after, _) = made(&shop, AUTO).await;
    assert!(report(&after).cut.blocks_known > 0);
    assert_eq!(after.model.sha256, alone.model.sha256);
    assert_eq!(report(&after).cut.curve, report(&alone).cut.curve);
    assert_eq!(kept(&shop).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_goes_on_from_one_for_fewer() {
    let (shop, other) = (shop(), shop());
    let (at_once, _) = made(&other, DEPTH).await;
    made(&shop, QUARTER).await;
    let (in_two, is_searched) = made(&shop, DEPTH).await;
    assert!(is_searched);
    assert_eq!(report(&in_two).cut.blocks_known, 1);
    assert_eq!(in_two.model.sha256, at_once.model.sha256);
    assert_eq!(kept(&shop).len(), 1);
    let [one, other] = [kept(&shop), kept(&other)].map(|files| fs::read(&files[0]).ok());
    assert!(one.is_some() && one == other, "the same is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_order_is_searched_for_anew() {
    let shop = shop();
    let (first, _) = made(&shop, DEPTH).await;
    let files = kept(&shop);
    let whole = fs::read_to_string(&files[0]).expect("what is known");
    let other_digits = whole.replace("\"perplexity\":", "\"perplexity\":1");
    for damaged in [&whole[..whole.len() / 2], "", &other_digits] {
        fs::write(&files[0], damaged).expect("a file");
        fs::remove_file(&first.path).expect("the variant");
        let (again, is_searched) = made(&shop, DEPTH).await;
        assert!(is_searched);
        assert_eq!(again.model.sha256, first.model.sha256);
        assert_eq!(report(&again).cut.blocks_known, 0);
        assert_eq!(fs::read_to_string(&files[0]).ok().as_ref(), Some(&whole));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_another_model_is_searched_for_anew() {
    let (shop, other) = (shop(), Shop::with_tiny(tiny(2)));
    let (first, _) = made(&shop, DEPTH).await;
    made(&other, DEPTH).await;
    let [own, foreign] = [&shop, &other].map(|shop| kept(shop).remove(0));
    let whole = fs::read(&own).expect("what is known");
    fs::copy(foreign, &own).expect("it is replaced");
    fs::remove_file(&first.path).expect("the variant");
    let (again, is_searched) = made(&shop, DEPTH).await;
    assert!(is_searched);
    assert_eq!(report(&again).cut.blocks_known, 0);
    assert_eq!(again.model.sha256, first.model.sha256);
    assert!(whole == fs::read(&own).expect("what is known"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_known_of_a_model_that_has_changed() {
    let (mut shop, other) = (shop(), Shop::with_tiny(tiny(2)));
    made(&shop, DEPTH).await;
    // As large as it was, and in its place.
    shop.replace_model(tiny(2));
    let (changed, is_searched) = made(&shop, DEPTH).await;
    assert!(is_searched);
    assert_eq!(report(&changed).cut.blocks_known, 0);
    let (alone, _) = made(&other, DEPTH).await;
    assert_eq!(changed.model.sha256, alone.model.sha256);
    assert_eq!(kept(&shop).len(), 2);
    // Where it is as it was, so is what is known of it.
    shop.replace_model(tiny(1));
    let (_, is_searched) = made(&shop, BOUNDED).await;
    assert!(!is_searched);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_searches_at_once_the_longer_is_kept() {
    let shop = shop();
    let ((fewer, _), (more, _)) = tokio::join!(made(&shop, QUARTER), made(&shop, DEPTH));
    let curve = &report(&more).cut.curve;
    assert_eq!(report(&fewer).cut.curve, curve[..2]);
    assert_eq!(kept(&shop).len(), 1);
    let (known, is_searched) = made(&shop, BOUNDED).await;
    assert!(!is_searched);
    assert_eq!(report(&known).cut.curve, *curve);
    shop.assert_nothing_in_the_making();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_when_it_was_cancelled_stays_known() {
    let shop = shop();
    let is_behind = |making: &Making| matches!(making, Making::Checking(..));
    shop.cancel_when(&recipe(DEPTH), is_behind).await;
    let (_, is_searched) = made(&shop, DEPTH).await;
    assert!(!is_searched);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_a_model_that_changes_meanwhile() {
    let shop = shop();
    let (depth, mut is_first) = (recipe(DEPTH), true);
    let making = shop.make_watched(&depth, |making| {
        if is_search(&making) && std::mem::take(&mut is_first) {
            crate::mishaps::append(&shop.located.path);
        }
    });
    shop.assert_base_has_changed(making.await);
    assert_eq!(kept(&shop), NO_FILES);
}
