//! Whatever goes wrong while a variant is made leaves nothing, and is said.

use std::fs;

use axum::http::StatusCode;
use serde_json::json;
#[cfg(target_os = "linux")]
use whittle::bench::machine::MachineFacts;
use whittle::bench::{Making, VariantError};

use super::recipe;
use crate::house::{House, message};
use crate::mishaps::{SmallDisk, append, assert_full, fill};
use crate::shop::{NO_FILES, Shop, files_below};
use crate::tiny_model::{self, Tiny};
use crate::workers::{STARTED, fake_workers};
#[cfg(target_os = "linux")]
use crate::workers::{limit, workers_in};

/// The stages in which something can happen; all but the last with a worker.
const STAGES: [fn(&Making) -> bool; 3] = [
    |making| matches!(making, Making::Imatrix(1, _)),
    |making| matches!(making, Making::Tensors(0, _)),
    |making| matches!(making, Making::Hashing),
];

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_leaves_nothing_at_any_stage() {
    for is_reached in STAGES {
        let shop = Shop::new();
        let recipe = recipe("q4_0", true);
        shop.cancel_when(&recipe, is_reached).await;
        shop.make(&recipe).await.expect("it is made afterwards");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_nothing_at_any_stage() {
    for is_reached in &STAGES[..2] {
        let shop = Shop::new();
        let recipe = recipe("q4_0", true);
        shop.kill_when(&recipe, is_reached).await;
        shop.make(&recipe).await.expect("it is made afterwards");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_before_and_while_quantizing() {
    let mut shop = Shop::new();
    let small = shop.keep_apart();
    let q8 = recipe("q8_0", false);
    let what = "Q8_0 of tiny.gguf";
    if let Some(_disk) = SmallDisk::mount(&small, 64) {
        assert_full(shop.make(&q8).await, what);
        shop.assert_nothing_left();
    }
    if let Some(_disk) = SmallDisk::mount(&small, 1024) {
        let filler = small.join("filler");
        let made = shop.make_watched(&q8, |making| {
            if matches!(making, Making::Tensors(0, _)) {
                fill(&filler);
            }
        });
        assert_full(made.await, what);
        assert_eq!(shop.left(), std::slice::from_ref(&filler));
        fs::remove_file(&filler).expect("the filler");
        shop.make(&q8).await.expect("it is made once there is room");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_for_an_importance_matrix_is_full() {
    let mut shop = Shop::new();
    let small = shop.keep_apart();
    shop.workshop.variants = shop.folder.path().join("data/variants");
    shop.workshop.cache.clone_from(&small);
    let q4 = recipe("q4_0", true);
    // The matrix has a little more.
    if let Some(disk) = SmallDisk::mount(&small, 4) {
        let error = shop.make(&q4).await.expect_err("there is no room");
        let words = error.to_string();
        assert!(matches!(error, VariantError::Storage(_)), "{words}");
        let begins = format!("the disk is full: {} cannot be written", small.display());
        assert!(words.starts_with(&begins), "{words}");
        assert!(
            words.contains("delete variants on the Models page"),
            "{words}"
        );
        shop.assert_nothing_left();
        drop(disk);
        shop.make(&q4).await.expect("it is made once there is room");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_for_another_reason_is_no_full_disk() {
    let script = format!(
        r#"{STARTED} read line; echo '{{"event":"predicted","tensor_bytes":[1000]}}'; read line; echo '{{"event":"failed","kind":"model","message":"failed to quantize: basic_ios::clear: iostream error"}}'; read line"#
    );
    let shop = Shop::with_workers(fake_workers(&script));
    let error = shop
        .make(&recipe("q8_0", false))
        .await
        .expect_err("it fails");
    let words = error.to_string();
    assert!(matches!(error, VariantError::Storage(_)), "{words}");
    assert!(words.contains("a limit on the size of files"), "{words}");
    shop.assert_nothing_left();
}

/// One that needs far more brought the whole machine to a halt.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_maker_may_take_no_more_memory_than_the_machine_has() {
    let shop = Shop::new();
    let mut limits = Vec::new();
    let recipe = recipe("q8_0", false);
    let made = shop.make_watched(&recipe, |making| {
        if matches!(making, Making::Tensors(0, _)) {
            let workers = workers_in(shop.folder.path()).into_iter();
            limits.extend(workers.map(|worker| limit(worker, "Max data size")));
        }
    });
    made.await.expect("it is made");
    // And what threads reserve and do not use.
    let most = MachineFacts::read().total_memory_mb * 1e6 + f64::from(1 << 30) * 4.0;
    let limits: Vec<f64> = limits
        .iter()
        .map(|limit| limit.parse().expect("bytes"))
        .collect();
    assert!(
        limits.len() == 1 && limits[0] < most,
        "{limits:?} of {most}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_what_cannot_be_made_says_what_and_why() {
    let house = House::with_model().await;
    // A weight that is no number: found when it is rewritten, and not before.
    let path = house.models().join("tiny.gguf");
    let mut bytes = fs::read(&path).expect("the model");
    let last = bytes.len() - size_of::<f32>();
    bytes[last..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    fs::write(&path, bytes).expect("the model");
    // What llama.cpp has never heard of.
    tiny_model::write_as(&house.models(), "strange.gguf", Tiny::of("unheard"));
    let unwritten = "llama.cpp could not write the model: ";
    for (architecture, says) in [
        (
            "llama",
            format!("Q8_0 of tiny.gguf cannot be made: {unwritten}"),
        ),
        (
            "unheard",
            format!("strange.gguf cannot be quantized: {unwritten}"),
        ),
    ] {
        let model = house.model_id(architecture).await;
        let body = json!({"model": model, "quantization_level": "q8_0", "iterations": 1});
        let (status, answer) = house.post("/api/benchmark/quantization", &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        let says = format!("failed: Q8_0 could not be made: {says}");
        assert!(message(&answer).contains(&says), "{answer}");
        assert_eq!(files_below(&house.path().join("data/variants")), NO_FILES);
    }
    let (_, runs) = house.get("/api/runs").await;
    let failed: Vec<_> = runs.as_array().into_iter().flatten().collect();
    assert_eq!(failed.len(), 2, "{runs}");
    assert!(failed.iter().all(|run| run["status"] == "failed"), "{runs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_has_changed_is_said() {
    let q8 = recipe("q8_0", false);
    let before = Shop::new();
    append(&before.located.path);
    let during = Shop::new();
    let path = during.located.path.clone();
    let made = during.make_watched(&q8, |making| {
        if matches!(making, Making::Tensors(0, _)) {
            append(&path);
        }
    });
    before.assert_base_has_changed(before.make(&q8).await);
    during.assert_base_has_changed(made.await);
}
