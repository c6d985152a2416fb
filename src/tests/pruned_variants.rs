//! Pruned variants of the tiny model, made by real workers: what is gone, that
//! they are checked and made once, and that whatever goes wrong leaves nothing.

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Notify;
use whittle::backend::WorkerError;
use whittle::bench::machine::MachineFacts;
use whittle::bench::{Making, Variant, VariantError};
use whittle::domain::pruning::{PruningProgress, PruningReport};
use whittle::domain::recipe::Recipe;
use whittle::gguf::{Document, check_model};

use crate::house::{House, message};
use crate::tiny_model::{self, Tiny};
use crate::variants::{Shop, SmallDisk, files_below};
use crate::workers::{STARTED, fake_workers};

const WIDTH: &str = r#"{"prune": {"ratio": 0.3}}"#;
const DEPTH: &str = r#"{"prune": {"ratio": 0.5, "method": "depth"}}"#;
const THEN_Q8_0: &str = r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q8_0"}}"#;

fn recipe(json: &str) -> Recipe {
    serde_json::from_str(json).expect("a recipe")
}

fn report(variant: &Variant) -> &PruningReport {
    let record = variant.model.variant.as_ref().expect("a variant");
    record.pruning.as_ref().expect("a report")
}

/// What a worker that a script plays says when it is done.
fn pruned_event() -> Value {
    json!({
        "event": "pruned", "achieved_pruning_ratio": 0.3, "block_weights_before": 10,
        "block_weights_after": 7, "params_before": 20, "params_after": 17, "bytes_before": 40,
        "bytes_after": 34, "layers": [], "calibration_tokens": 512, "curve": [], "prune_s": 1.0,
    })
}

fn is_pruning(making: &Making) -> bool {
    matches!(making, Making::Pruning(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_variant_says_what_is_gone_and_was_checked() {
    let shop = Shop::new();
    for (json, id, provenance) in [
        (WIDTH, "tiny-pruned-30-", "pruned 30 % from F32"),
        (
            DEPTH,
            "tiny-depth-pruned-50-",
            "pruned 50 % by depth from F32",
        ),
    ] {
        let recipe = recipe(json);
        let forecast = shop
            .workshop
            .forecast(&shop.located.model, &shop.base(), &[recipe])
            .await
            .expect("a forecast");
        let mut told = Vec::new();
        let made = shop.make_watched(&recipe, |making| told.push(making)).await;
        let variant = made.expect("it is made");
        let report = report(&variant);
        let prune = recipe.prune.expect("it prunes");

        let achieved = report.cut.achieved_pruning_ratio;
        assert!((achieved - prune.ratio.share()).abs() <= 0.01, "{achieved}");
        let gone: u64 = report
            .cut
            .layers
            .iter()
            .map(|layer| layer.weights_before - layer.weights_after)
            .sum();
        let before = report.cut.block_weights_before;
        assert_eq!(before - report.cut.block_weights_after, gone);
        assert!((gone as f64 / before as f64 - achieved).abs() < 1e-9);
        assert_eq!(report.cut.layers.len(), 2);

        let size = fs::metadata(&variant.path).expect("its file").len();
        let predicted = &forecast.variants[0];
        assert_eq!((size, size), (report.cut.bytes_after, predicted.size_bytes));
        let pruning = predicted.pruning.expect("a forecast of pruning");
        assert_eq!(pruning.params_after, variant.model.n_params);
        assert!((pruning.achieved_pruning_ratio - achieved).abs() < 1e-9);
        assert!(variant.model.n_params < shop.located.model.n_params);

        assert_eq!(report.check.n_chunks, 10);
        assert!(report.check.perplexity > 1.0 && report.check.base_perplexity > 1.0);
        let answer = report.check.answer.as_ref().expect("both answers are kept");
        assert_eq!(answer.prompt, 1);
        let [base, pruned] = answer.whole();
        assert!(!base.is_empty() && !pruned.is_empty(), "{answer:?}");
        assert_eq!(variant.model.provenance.as_deref(), Some(provenance));
        assert!(variant.model.id.0.starts_with(id), "{}", variant.model.id);
        let header = check_model(&variant.path).expect("a model");
        let name = header.name.expect("a name");
        assert!(name.ends_with(&prune.label()), "{name}");
        let file = File::open(&variant.path).expect("its file");
        let document = Document::read(BufReader::new(file), size).expect("a model");
        let said = document.text("whittle.pruning.achieved_ratio");
        assert_eq!(said, Some(format!("{achieved:.4}").as_str()));

        assert!(is_pruning(&told[0]), "{:?}", told[0]);
        assert!(told.contains(&Making::Checking(10, 10)), "{told:?}");
        assert_eq!(told.last(), Some(&Making::Hashing));
    }
    assert_eq!(shop.left().len(), 4, "{:?}", shop.left());
}

#[tokio::test(flavor = "multi_thread")]
async fn prune_then_quantize_is_one_recipe_and_one_file() {
    let shop = Shop::new();
    let both = recipe(THEN_Q8_0);
    let mut told = Vec::new();
    let made = shop.make_watched(&both, |making| told.push(making)).await;
    let variant = made.expect("it is made");
    let record = variant.model.variant.as_ref().expect("a variant");
    assert_eq!(record.recipe, both);
    assert!(record.quantize_s.is_some());
    assert_eq!(record.base.sha256, shop.located.model.sha256);
    assert_eq!(record.tensor_types[0].name, "Q8_0");
    assert!(variant.model.id.0.starts_with("tiny-pruned-30-q8_0-"));
    let provenance = variant.model.provenance.as_deref();
    assert_eq!(provenance, Some("quantized from F32, pruned 30 % from F32"));
    let order: Vec<usize> = [
        told.iter().position(is_pruning),
        told.iter()
            .position(|making| matches!(making, Making::Checking(..))),
        told.iter()
            .position(|making| matches!(making, Making::Tensors(..))),
        told.iter()
            .rposition(|making| matches!(making, Making::Checking(..))),
    ]
    .map(|place| place.expect("every step"))
    .to_vec();
    assert!(order.is_sorted(), "{order:?}");
    // What it was quantized from is not kept.
    assert_eq!(shop.left().len(), 2, "{:?}", shop.left());
    let forecast = shop
        .workshop
        .forecast(&shop.located.model, &shop.base(), &[both])
        .await
        .expect("a forecast");
    let off = forecast.variants[0]
        .size_bytes
        .abs_diff(variant.model.size_bytes) as f64;
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
    let record = made.model.variant.as_ref().expect("a variant");
    assert!(
        record.imatrix.is_some(),
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

/// Everything that can be done to a model, so that each stage comes.
const ALL: &str = r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q4_0", "imatrix": true}}"#;

/// The stages in which something can happen, given the number of the check: the
/// first `WITH_WORKER` last while a worker is busy.
const STAGES: [fn(&Making, u32) -> bool; 7] = [
    |making, _| is_pruning(making),
    |making, check| matches!(making, Making::Checking(..)) && check == 1,
    |making, _| matches!(making, Making::Imatrix(..)),
    |making, _| matches!(making, Making::Tensors(0, _)),
    |making, check| matches!(making, Making::Checking(..)) && check == 2,
    |making, _| matches!(making, Making::Pruning(PruningProgress::Write { .. })),
    |making, _| matches!(making, Making::Hashing),
];
const WITH_WORKER: usize = 5;

/// Says of each progress whether the stage is reached.
fn watch(is_reached: fn(&Making, u32) -> bool) -> impl FnMut(&Making) -> bool {
    let (mut check, mut was_checking) = (0, false);
    move |making| {
        let is_checking = matches!(making, Making::Checking(..));
        check += u32::from(is_checking && !was_checking);
        was_checking = is_checking;
        is_reached(making, check)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_leaves_nothing_at_any_stage() {
    for is_reached in STAGES {
        let shop = Shop::new();
        let reached = Notify::new();
        let recipe = recipe(ALL);
        let mut is_reached = watch(is_reached);
        let making = shop.make_watched(&recipe, |making| {
            if is_reached(&making) {
                reached.notify_one();
            }
        });
        tokio::select! {
            biased;
            () = reached.notified() => {}
            made = making => panic!("it was not cancelled: {made:?}"),
        }
        shop.workshop.launcher.reaper.all_gone().await;
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
        shop.make(&recipe).await.expect("it is made afterwards");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_search_leaves_nothing() {
    let is_search =
        |making: &Making| matches!(making, Making::Pruning(PruningProgress::Search { .. }));
    let is_whole =
        |making: &Making| matches!(making, Making::Pruning(PruningProgress::Whole { .. }));
    let stages: [&(dyn Fn(&Making) -> bool + Sync); 2] = [&is_whole, &is_search];
    for is_reached in stages {
        let shop = Shop::new();
        let reached = Notify::new();
        let recipe = recipe(DEPTH);
        let making = shop.make_watched(&recipe, |making| {
            if is_reached(&making) {
                reached.notify_one();
            }
        });
        tokio::select! {
            biased;
            () = reached.notified() => {}
            made = making => panic!("it was not cancelled: {made:?}"),
        }
        shop.workshop.launcher.reaper.all_gone().await;
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_nothing_at_any_stage() {
    for is_reached in &STAGES[..WITH_WORKER] {
        let shop = Shop::new();
        let recipe = recipe(ALL);
        let mut is_reached = watch(*is_reached);
        let made = shop
            .make_watched(&recipe, |making| {
                if is_reached(&making) {
                    shop.kill_workers();
                }
            })
            .await;
        let error = made.expect_err("its worker is dead");
        let is_end = matches!(error, VariantError::Worker(WorkerError::Ended { .. }));
        assert!(is_end && error.to_string().contains("SIGKILL"), "{error}");
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_before_and_while_pruning() {
    let mut shop = Shop::new();
    shop.workshop.variants = shop.folder.path().join("small");
    let small = shop.workshop.variants.clone();
    fs::create_dir(&small).expect("a folder");
    let width = recipe(WIDTH);
    let full = |made: Result<Variant, VariantError>| {
        let error = made.expect_err("there is no room");
        let words = error.to_string();
        assert!(matches!(error, VariantError::Storage(_)), "{words}");
        assert!(
            words.starts_with("the disk is full: tiny.gguf, pruned 30 %, needs 0."),
            "{words}"
        );
    };
    if let Some(_disk) = SmallDisk::mount(&small, 64) {
        full(shop.make(&width).await);
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
    }
    // Room for the file, and not for the new weights that lie beside it meanwhile.
    if let Some(_disk) = SmallDisk::mount(&small, 640) {
        full(shop.make(&width).await);
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
    }
    if let Some(_disk) = SmallDisk::mount(&small, 2048) {
        let filler = small.join("filler");
        let made = shop
            .make_watched(&width, |making| {
                if is_pruning(&making) && !filler.exists() {
                    let mut file = File::create(&filler).expect("a file");
                    while file.write_all(&[0; 4096]).is_ok() {}
                }
            })
            .await;
        full(made);
        assert_eq!(shop.left(), std::slice::from_ref(&filler));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_has_changed_is_said() {
    let append = |path: &Path| {
        let mut file = File::options().append(true).open(path).expect("the model");
        file.write_all(&[0; 32]).expect("it is written");
    };
    let width = recipe(WIDTH);
    let before = Shop::new();
    append(&before.located.path);
    let during = Shop::new();
    let path = during.located.path.clone();
    let made = during.make_watched(&width, |making| {
        if matches!(making, Making::Checking(0, _)) {
            append(&path);
        }
    });
    let calibrating = Shop::new();
    let path = calibrating.located.path.clone();
    let mut is_first = true;
    let appended = calibrating.make_watched(&width, |making| {
        if is_pruning(&making) && is_first {
            is_first = false;
            append(&path);
        }
    });
    let appended = appended.await;
    // What is no longer there is no fault of the model.
    let shorter = Shop::new();
    let path = shorter.located.path.clone();
    let truncated = shorter.make_watched(&width, |making| {
        if is_pruning(&making) {
            let file = File::options().write(true).open(&path).expect("the model");
            file.set_len(100_000).expect("it is cut off");
        }
    });
    for (shop, made) in [
        (&before, before.make(&width).await),
        (&during, made.await),
        (&calibrating, appended),
        (&shorter, truncated.await),
    ] {
        let error = made.expect_err("the base has changed");
        assert!(
            error.to_string().starts_with("tiny.gguf has changed"),
            "{error}"
        );
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_does_not_work_is_deleted_with_the_reason() {
    let cut = pruned_event();
    let failed = json!({
        "event": "failed", "kind": "model", "message": "variant 1: its logits are not finite",
    });
    // The folder that it may write to is its last argument.
    let script = format!(
        r#"{STARTED} read line; case "$line" in *'"command":"prune"'*) : > "$3/pruned.gguf"; echo '{cut}';; *) echo '{failed}';; esac; read line"#
    );
    let shop = Shop::with_workers(fake_workers(&script));
    let error = shop.make(&recipe(WIDTH)).await.expect_err("it is broken");
    let words = error.to_string();
    assert!(matches!(error, VariantError::Refused(_)), "{words}");
    assert!(
        words.contains("its logits are not finite") && words.contains("its file was deleted"),
        "{words}"
    );
    assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantized_base_is_pruned_coarsely_and_that_is_said() {
    let shop = Shop::new();
    let q8 = shop
        .make(&recipe(r#"{"quantize": {"level": "q8_0"}}"#))
        .await
        .expect("it is made");
    let file = File::open(&q8.path).expect("the variant");
    let width = recipe(WIDTH);
    let forecast = shop.workshop.forecast(&q8.model, &file, &[width]).await;
    let forecast = forecast.expect("a forecast");
    let [warning] = &forecast.variants[0].warnings[..] else {
        panic!("{forecast:?}")
    };
    assert!(warning.contains("groups of 32"), "{warning}");
    let making = shop.workshop.make(&q8.model, &file, &width, |_| ());
    let made = making.await.expect("it is made");
    let record = made.model.variant.as_ref().expect("a variant");
    assert!(record.warnings.contains(warning), "{record:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_pruned_is_refused_before_the_start() {
    let house = House::with_model().await;
    let strange = Tiny {
        architecture: "nosuch",
        ..Tiny::default()
    };
    let experts = Tiny {
        architecture: "qwen2",
        n_experts: 8,
        ..Tiny::default()
    };
    let recurrent = Tiny {
        architecture: "mamba",
        ..Tiny::default()
    };
    for (name, tiny) in [
        ("strange.gguf", strange),
        ("experts.gguf", experts),
        ("recurrent.gguf", recurrent),
    ] {
        tiny_model::write_as(&house.models(), name, tiny);
    }
    house.settled_library().await;
    let tiny = house.model_id("llama").await;
    let strange = house.model_id("nosuch").await;
    let experts = house.model_id("qwen2").await;
    let recurrent = house.model_id("mamba").await;
    let (wrong, unusable) = (StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY);
    for (model, prune, status, says) in [
        (
            &strange,
            json!({"ratio": 0.3}),
            unusable,
            "nosuch models cannot be pruned yet",
        ),
        (
            &experts,
            json!({"ratio": 0.3}),
            unusable,
            "mixture-of-experts models cannot be pruned yet",
        ),
        (
            &recurrent,
            json!({"ratio": 0.3, "method": "depth"}),
            unusable,
            "they are recurrent",
        ),
        (
            &tiny,
            json!({"ratio": 0.3, "loss_budget": 1.5}),
            wrong,
            "a loss budget is for pruning by depth",
        ),
        // One of two blocks is half of them, and no other share can be.
        (
            &tiny,
            json!({"ratio": 0.1, "method": "depth"}),
            unusable,
            "10 %",
        ),
    ] {
        let recipes = json!([{"prune": prune}]);
        for (path, body) in [
            (
                "/api/variants/forecast",
                json!({"model": model, "recipes": recipes}),
            ),
            ("/api/runs", json!({"model": model, "recipes": recipes})),
            (
                "/api/benchmark/pruning",
                json!({
                    "model": model, "pruning_ratio": prune["ratio"], "method": prune["method"],
                    "loss_budget": prune["loss_budget"],
                }),
            ),
        ] {
            let (answered, answer) = house.post(path, &body).await;
            assert_eq!(answered, status, "{path}: {answer}");
            assert!(message(&answer).contains(says), "{path}: {answer}");
        }
    }
    for (body, says) in [
        (json!({"pruning_ratio": 0.6}), "0.1 to 0.5"),
        (json!({"pruning_ratio": 0}), "0.1 to 0.5"),
        (
            json!({"pruning_ratio": 0.3, "technique": "quantization"}),
            "technique is quantization and this path measures pruning",
        ),
    ] {
        let (status, answer) = house.post("/api/benchmark/pruning", &body).await;
        assert_eq!(status, wrong, "{body}: {answer}");
        assert!(message(&answer).contains(says), "{body}: {answer}");
    }
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs, json!([]), "nothing of this was stored");
    assert_eq!(
        files_below(&house.path().join("data/variants")),
        [""; 0].map(PathBuf::from)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_machine_has_no_memory_for_is_refused_before_the_start() {
    let house = House::on_machine(MachineFacts {
        total_memory_mb: 50.0,
        ..MachineFacts::read()
    })
    .await;
    house.settled_library().await;
    let model = house.model_id("llama").await;
    let body = json!({"model": model, "recipes": [recipe(WIDTH)]});
    let (status, answer) = house.post("/api/variants/forecast", &body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert!(
        message(&answer).contains("MB of memory, and this machine has 50"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ratio_is_made_measured_and_compared() {
    let house = House::with_model().await;
    house.settled_library().await;
    let model = house.model_id("llama").await;
    let body = json!({
        "technique": "pruning", "pruning_ratio": 0.3, "test_queries": ["hello", "what is it"],
        "iterations": 2, "max_tokens": 12, "quality": true, "quality_chunks": 2,
    });
    let (status, answer) = house.post("/api/benchmark/pruning", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["technique"], "pruning");
    assert_eq!(answer["pruning_ratio"], 0.3);
    assert_eq!(answer["method"], "width");
    assert_eq!(answer["then_quantize"], Value::Null);
    let name = answer["model_name"].as_str().expect("a name");
    assert!(name.ends_with("-pruned-30%"), "{name}");
    let achieved = answer["achieved_pruning_ratio"].as_f64().expect("a share");
    assert!((achieved - 0.3).abs() <= 0.01, "{achieved}");
    assert_eq!(answer["pruning"]["cut"]["achieved_pruning_ratio"], achieved);
    for field in ["response_time", "memory", "cpu", "throughput", "model_size"] {
        assert!(
            answer["improvements"][field].is_number(),
            "{field}: {answer}"
        );
    }
    let size = |metrics: &str| answer[metrics]["model_size_mb"].as_f64();
    assert!(size("metrics") < size("baseline_metrics"), "{answer}");
    let kld = &answer["quality"]["measured"]["mean_kld"]["value"];
    assert!(kld.as_f64().is_some_and(|kld| kld > 0.0), "{answer}");

    let id = answer["run_id"].as_i64().expect("an id");
    let (_, run) = house.get(&format!("/api/runs/{id}")).await;
    let record = &run["arms"][1]["model"]["variant"];
    assert_eq!(record["pruning"], answer["pruning"]);
    let (_, stream) = house.get(&format!("/events/runs/{id}")).await;
    let stream = stream.as_str().expect("a stream");
    assert!(
        stream.contains(r#""name":"pruning","arm":"pruned 30 %""#),
        "{stream}"
    );
    let (_, runs) = house.get("/api/runs?technique=pruning").await;
    assert_eq!(runs.as_array().map(Vec::len), Some(1));
    let (_, table) = house
        .get(&format!("/api/runs/{id}/export?format=csv"))
        .await;
    assert!(
        table
            .as_str()
            .is_some_and(|table| table.contains("pruned-30"))
    );

    let measured = format!(
        "/api/variants/measured?model={}",
        model.as_str().expect("an id")
    );
    let (_, found) = house.get(&measured).await;
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["recipe"]["prune"]["ratio"], 0.3);
    assert_eq!(found[0]["mean_kld"], *kld);
    assert_eq!(found[0]["measured_on"]["n_chunks"], 2);

    for page in [format!("/runs/{id}"), "/".to_owned(), "/models".to_owned()] {
        let (_, page) = house.get(&page).await;
        let page = page.as_str().expect("a page");
        for says in ["What was removed where", "Weights of the blocks"] {
            assert!(page.contains(says), "{says} is not on the page");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_recipe_is_forecast_over_http() {
    let house = House::with_model().await;
    house.settled_library().await;
    let model = house.model_id("llama").await;
    let recipes = json!([recipe(WIDTH), recipe(DEPTH), recipe(THEN_Q8_0)]);
    let body = json!({"model": model, "recipes": recipes});
    let (status, answer) = house.post("/api/variants/forecast", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let [width, depth, both] = [0, 1, 2].map(|n| &answer["variants"][n]);
    assert_eq!(width["pruning"]["n_ff_before"], 128);
    assert_eq!(width["pruning"]["n_ff_after"], 64);
    assert_eq!(depth["pruning"]["n_blocks_after"], 1);
    assert_eq!(both["recipe"], recipes[2]);
    assert!(both["size_bytes"].as_u64() < width["size_bytes"].as_u64());
}
