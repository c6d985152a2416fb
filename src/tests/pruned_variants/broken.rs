//! Models that pruning breaks: kept and said to be broken, or deleted where they do not
//! work at all.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::bench::{Making, Variant, VariantError};
use whittle::domain::pruning::PruningCheck;

use super::{THEN_Q8_0, WIDTH, recipe};
use crate::contrived;
use crate::house::House;
use crate::shop::{Shop, files_below};
use crate::workers::{STARTED, fake_workers, real_workers};

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_lost_too_much_is_kept_and_said_to_be_broken() {
    let house = House::empty(real_workers()).await;
    contrived::write(&house.models(), "tiny.gguf", 2);
    house.settled_library().await;
    let body = json!({
        "pruning_ratio": 0.5, "method": "depth", "test_queries": ["hello"], "iterations": 1,
        "max_tokens": 2,
    });
    let (status, answer) = house.post("/api/benchmark/pruning", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let check: PruningCheck =
        serde_json::from_value(answer["pruning"]["check"].clone()).expect("a check");
    assert!(check.ratio() >= PruningCheck::BROKEN_FROM, "{check:?}");
    assert!(check.is_silent(), "{check:?}");
    let kept = files_below(&house.path().join("data/variants"));
    assert_eq!(kept.len(), 2, "the file and what is known of it: {kept:?}");

    let id = answer["run_id"].as_i64().expect("an id");
    let (_, run) = house.get(&format!("/api/runs/{id}")).await;
    let warning = run["arms"][1]["model"]["variant"]["warnings"][0].as_str();
    let warning = warning.unwrap_or_else(|| panic!("{run}"));
    let says = "Broken: this model no longer answers sensibly. It answers nothing where";
    assert!(warning.starts_with(says), "{warning}");

    let (_, table) = house
        .get(&format!("/api/runs/{id}/export?format=csv"))
        .await;
    let table = table.as_str().expect("a table");
    let is_broken = table.lines().map(|row| row.rsplit(',').next());
    let found: Vec<&str> = is_broken.flatten().collect();
    assert_eq!(found, ["check_is_broken", "", "true"]);

    let (_, page) = house.get(&format!("/runs/{id}")).await;
    let page = page.as_str().expect("a page");
    for says in [
        "This model no longer answers sensibly.",
        // With the room around it that all else in the card has.
        r#"<div class="inset"><h3>What it answers: pruned 50 % by depth"#,
    ] {
        assert!(page.contains(says), "{says} is not on the page");
    }
}

/// The words of a refusal, after which nothing is left.
#[track_caller]
fn refused(shop: &Shop, made: Result<Variant, VariantError>) -> String {
    shop.assert_nothing_left();
    match made.expect_err("it does not work") {
        VariantError::Refused(words) => words,
        other => panic!("{other:?}"),
    }
}

/// What is said of a pruned file of which the check finds this.
async fn said_where_the_check_finds(found: Value) -> String {
    let cut = json!({
        "event": "pruned", "achieved_pruning_ratio": 0.3, "block_weights_before": 10,
        "block_weights_after": 7, "params_before": 20, "params_after": 17, "bytes_before": 40,
        "bytes_after": 34, "layers": [], "calibration_tokens": 512, "curve": [], "prune_s": 1.0,
    });
    // The folder that it may write to comes third, after its flag.
    let script = format!(
        r#"{STARTED} read line; case "$line" in *'"command":"prune"'*) : > "$3/pruned.gguf"; echo '{cut}';; *) echo '{found}';; esac; read line"#
    );
    let shop = Shop::with_workers(fake_workers(&script));
    refused(&shop, shop.make(&recipe(WIDTH)).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_its_engine_refuses_is_deleted_with_the_reason() {
    let words = said_where_the_check_finds(json!({
        "event": "failed", "kind": "model", "message": "variant 1: its logits are not finite",
    }))
    .await;
    assert!(
        words.contains("its logits are not finite") && words.contains("its file was deleted"),
        "{words}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_gives_no_answer_is_deleted_with_the_reason() {
    let estimate = json!({"value": 20.0});
    let perplexity = json!({
        "perplexity": estimate, "text": {"name": "a text", "sha256": ""}, "n_chunks": 10,
        "n_ctx": 512, "n_tokens": 2550,
    });
    let quality = json!({
        "perplexity": perplexity, "ln_perplexity_ratio": estimate, "mean_kld": estimate,
        "kld": {"p50": 0.0, "p90": 0.0, "p95": 0.0, "p99": 0.0, "p999": 0.0, "max": 0.0},
        "same_top_token": estimate, "rms_delta_p": estimate,
    });
    // Its figures are fine.
    let words = said_where_the_check_finds(json!({
        "event": "evaluated", "baseline": perplexity, "variants": [{"measured": quality}],
        "warnings": ["there was no room"], "memory": {},
    }))
    .await;
    assert!(
        words.contains("(it does not answer; there was no room), and its file was deleted"),
        "{words}"
    );
}

/// Its last weights are no numbers any more.
fn damage(path: &Path) {
    let mut file = File::options().write(true).open(path).expect("the file");
    file.seek(SeekFrom::End(-128)).expect("its end");
    file.write_all(&[0xff; 128]).expect("it is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_no_more_once_it_is_quantized_is_deleted_with_the_reason() {
    let shop = Shop::new();
    let both = recipe(THEN_Q8_0);
    let mut is_damaged = false;
    let made = shop.make_watched(&both, |making| {
        if matches!(making, Making::Checking(..)) && !is_damaged {
            let mut files = files_below(&shop.workshop.variants).into_iter();
            // Not there when the pruned file is checked.
            if let Some(quantized) = files.find(|file| file.ends_with("variant.gguf")) {
                damage(&quantized);
                is_damaged = true;
            }
        }
    });
    let words = refused(&shop, made.await);
    assert!(
        words.contains("does not work") && words.contains("its file was deleted"),
        "{words}"
    );
    assert!(is_damaged);
}
