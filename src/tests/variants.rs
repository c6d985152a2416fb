//! Variants made of the tiny model by real workers: what is in them, that they
//! are made once, and that whatever goes wrong leaves nothing.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;
use whittle::backend::{WorkerError, WorkerLauncher};
use whittle::bench::{Making, Variant, VariantError, Workshop};
use whittle::domain::model::Model;
use whittle::domain::quantization::QuantizationType;
use whittle::domain::recipe::{Quantize, Recipe};
use whittle::library::{DataFolder, Library, Located};
use whittle::machine_lock::MachineLock;

use crate::house::{House, message};
use crate::tiny_model;
use crate::workers::{STARTED, fake_workers, real_workers};

/// A workshop with the tiny model.
pub struct Shop {
    pub workshop: Workshop,
    pub located: Located,
    pub folder: TempDir,
}

fn recipe(level: &str, imatrix: bool) -> Recipe {
    Recipe {
        quantize: Some(Quantize {
            level: level.parse().expect("a type"),
            imatrix,
        }),
        ..Recipe::default()
    }
}

fn workshop(data: &DataFolder, launcher: WorkerLauncher) -> Workshop {
    Workshop {
        launcher,
        variants: data.variants(),
        cache: data.cache(),
        n_threads: 1,
    }
}

impl Shop {
    pub fn new() -> Self {
        Self::with_workers(real_workers())
    }

    /// Its workers are told from those of other tests by their name.
    pub fn with_workers(mut launcher: WorkerLauncher) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("whittle-of-this-shop");
        std::os::unix::fs::symlink(&launcher.program, &program).expect("a link");
        launcher.program = program;
        let data = DataFolder::open(&folder.path().join("data")).expect("a data folder");
        let path = tiny_model::write(folder.path(), "tiny.gguf");
        let lock = folder.path().join("machine.lock");
        let library = Library::open(&data, &[], lock).expect("a library");
        Self {
            workshop: workshop(&data, launcher),
            located: library.at_path(&path).expect("the model"),
            folder,
        }
    }

    pub fn base(&self) -> File {
        File::open(&self.located.path).expect("the model")
    }

    pub async fn make(&self, recipe: &Recipe) -> Result<Variant, VariantError> {
        self.make_watched(recipe, |_| ()).await
    }

    pub async fn make_watched(
        &self,
        recipe: &Recipe,
        on_progress: impl FnMut(Making) + Send,
    ) -> Result<Variant, VariantError> {
        let (base, file) = (&self.located.model, self.base());
        self.workshop.make(base, &file, recipe, on_progress).await
    }

    /// Files below the variants' folder.
    pub fn left(&self) -> Vec<PathBuf> {
        files_below(&self.workshop.variants)
    }

    pub fn kill_workers(&self) {
        let name = self.folder.path().to_string_lossy().into_owned();
        for entry in fs::read_dir("/proc").expect("/proc").flatten() {
            let command = fs::read_to_string(entry.path().join("cmdline"));
            if command.is_ok_and(|command| command.starts_with(&name)) {
                let pid = entry.file_name();
                let mut kill = Command::new("kill");
                kill.arg("-KILL").arg(pid).status().expect("kill runs");
            }
        }
    }
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => files.extend(files_below(&path)),
            path => files.push(path),
        }
    }
    files
}

fn types(model: &Model) -> Vec<&str> {
    let record = model.variant.as_ref().expect("a variant");
    record
        .tensor_types
        .iter()
        .map(|share| share.name.as_str())
        .collect()
}

/// A type, the types in its file, and what fell back on what how often.
type Case = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str, u32)],
);

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_says_what_is_in_it() {
    let shop = Shop::new();
    // 64 and 128 columns: K-quants take 256 at a time.
    let cases: [Case; 4] = [
        ("q4_0", &["Q4_0", "Q8_0", "F32"], &[("Q6_K", "Q8_0", 1)]),
        ("q5_0", &["Q5_0", "Q8_0", "F32"], &[("Q6_K", "Q8_0", 1)]),
        ("q8_0", &["Q8_0", "F32"], &[]),
        (
            "q4_k_m",
            &["Q5_0", "Q8_0", "F32"],
            &[("Q4_K", "Q5_0", 13), ("Q6_K", "Q8_0", 2)],
        ),
    ];
    for (level, kinds, fallbacks) in cases {
        let recipe = recipe(level, false);
        let mut told = Vec::new();
        let made = shop.make_watched(&recipe, |making| told.push(making)).await;
        let Variant { model, path } = made.expect("it is made");
        let record = model.variant.as_ref().expect("a variant");
        let mut sorted = types(&model);
        sorted.sort_unstable();
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        assert_eq!(sorted, kinds, "{level}");
        let found: Vec<_> = record
            .fallbacks
            .iter()
            .map(|one| (one.wanted.as_str(), one.used.as_str(), one.n_tensors))
            .collect();
        assert_eq!(found, fallbacks, "{level}");
        let label = match level {
            "q4_k_m" => "Q4_K_M (mostly Q5_0)".to_owned(),
            _ => recipe.label(),
        };
        assert_eq!(record.label(), label);
        assert_eq!(record.warnings, [""; 0]);
        assert_eq!(model.file_type.to_ascii_lowercase(), level);
        assert_eq!(model.provenance.as_deref(), Some("quantized from F32"));
        assert!(
            model.id.0.starts_with(&format!("tiny-{level}-")),
            "{}",
            model.id
        );
        assert_eq!(told.first(), Some(&Making::Tensors(0, 21)));
        assert_eq!(told.last(), Some(&Making::Hashing));

        let size = fs::metadata(&path).expect("its file").len();
        assert_eq!(size, model.size_bytes);
        let base = &shop.located.model;
        let forecast = shop.workshop.forecast(base, &shop.base(), &[recipe]).await;
        let forecast = forecast.expect("a forecast");
        let off = forecast.variants[0].size_bytes.abs_diff(size);
        assert!(off < 1024, "{level}: {off} bytes off");
        assert!(forecast.free_bytes.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_is_refused_in_words() {
    let shop = Shop::new();
    let cases = [
        (
            recipe("iq2_xxs", false),
            "IQ2_XXS needs an importance matrix",
        ),
        (recipe("iq3_xs", false), "IQ3_XS needs an importance matrix"),
        (recipe("f16", true), "F16 quantizes nothing"),
        (Recipe::default(), "changes nothing"),
    ];
    for (recipe, says) in cases {
        let error = shop.make(&recipe).await.expect_err("it is refused");
        assert!(matches!(error, VariantError::Refused(_)), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
    let unknown = "q9_9".parse::<QuantizationType>().expect_err("no type");
    assert!(
        unknown.to_string().contains("q4_0, q5_0, q8_0"),
        "{unknown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_importance_matrix_is_collected_once_and_changes_the_weights() {
    let shop = Shop::new();
    let mut n_chunks = 0;
    let with = recipe("q4_0", true);
    let weighed = shop
        .make_watched(&with, |making| {
            n_chunks += u32::from(matches!(making, Making::Imatrix(n, _) if n > 0));
        })
        .await
        .expect("it is made");
    assert_eq!(n_chunks, 40);
    let record = weighed.model.variant.as_ref().expect("a variant");
    let imatrix = record.imatrix.as_ref().expect("a matrix");
    assert_eq!((imatrix.n_chunks, imatrix.n_ctx), (40, 512));
    let kept: Vec<PathBuf> = files_below(&shop.workshop.cache)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "dat"))
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    // Seven matrices in each of the two blocks.
    let bytes = fs::read(&kept[0]).expect("the matrix");
    assert_eq!(bytes[..4], 14_i32.to_le_bytes());

    let plain = shop.make(&recipe("q4_0", false)).await.expect("it is made");
    assert_ne!(plain.model.sha256, weighed.model.sha256);
    let mut was_collected = false;
    let other = recipe("iq2_xxs", true);
    let made = shop
        .make_watched(&other, |making| {
            was_collected |= matches!(making, Making::Imatrix(..));
        })
        .await
        .expect("it is made");
    assert!(!was_collected, "it is kept");
    assert!(
        types(&made.model).contains(&"IQ4_NL"),
        "{:?}",
        types(&made.model)
    );

    // A damaged one is collected anew, to the same.
    fs::write(&kept[0], b"x").expect("the matrix");
    fs::remove_file(&weighed.path).expect("the variant");
    let again = shop.make(&with).await.expect("it is made");
    assert_eq!(again.model.sha256, weighed.model.sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_at_once_make_it_once() {
    let shop = Shop::new();
    let begun = Mutex::new(0);
    let count = |making| {
        if matches!(making, Making::Tensors(0, _)) {
            *begun.lock().expect("a count") += 1;
        }
    };
    let q8 = recipe("q8_0", false);
    let (one, two) = tokio::join!(shop.make_watched(&q8, count), shop.make_watched(&q8, count));
    let (one, two) = (one.expect("it is made"), two.expect("it is made"));
    assert_eq!((&one.path, &one.model), (&two.path, &two.model));
    let later = shop.make_watched(&q8, count).await.expect("it is found");
    assert_eq!(later.model, one.model);
    assert_eq!(*begun.lock().expect("a count"), 1);
    assert_eq!(shop.left().len(), 2, "{:?}", shop.left());

    // One that was changed is made again; one that was only touched is not.
    let path = &one.path;
    let bytes = fs::read(path).expect("the variant");
    fs::write(path, &bytes).expect("the variant");
    shop.make_watched(&q8, count).await.expect("it is found");
    assert_eq!(*begun.lock().expect("a count"), 1);
    let mut damaged = bytes.clone();
    *damaged.last_mut().expect("a byte") ^= 1;
    fs::write(path, damaged).expect("the variant");
    shop.make_watched(&q8, count).await.expect("it is made");
    assert_eq!(*begun.lock().expect("a count"), 2);
    assert_eq!(fs::read(path).expect("the variant"), bytes);
}

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
        let reached = Notify::new();
        let recipe = recipe("q4_0", true);
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
        let part = files_below(&shop.workshop.cache.join("making"));
        assert_eq!(part, [""; 0].map(PathBuf::from));
        shop.make(&recipe).await.expect("it is made afterwards");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_nothing_at_any_stage() {
    for is_reached in &STAGES[..2] {
        let shop = Shop::new();
        let recipe = recipe("q4_0", true);
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
        shop.make(&recipe).await.expect("it is made afterwards");
    }
}

/// A small disk of its own; none where this user may not mount one.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    pub fn mount(at: &Path, kilobytes: u32) -> Option<Self> {
        let size = format!("size={kilobytes}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at);
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self(at.to_path_buf())),
            Ok(output) => {
                let reason = String::from_utf8_lossy(&output.stderr).into_owned();
                eprintln!("a full disk is not tested: this user may not mount one: {reason}");
                None
            }
            Err(error) => {
                eprintln!("a full disk is not tested: mount does not run: {error}");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_before_and_while_quantizing() {
    let mut shop = Shop::new();
    shop.workshop.variants = shop.folder.path().join("small");
    let small = shop.workshop.variants.clone();
    fs::create_dir(&small).expect("a folder");
    let q8 = recipe("q8_0", false);
    let full = |made: Result<Variant, VariantError>| {
        let error = made.expect_err("there is no room");
        let words = error.to_string();
        assert!(matches!(error, VariantError::Storage(_)), "{words}");
        assert!(
            words.starts_with("the disk is full: Q8_0 of tiny.gguf needs 0."),
            "{words}"
        );
        assert!(!words.contains("ios"), "{words}");
    };
    if let Some(_disk) = SmallDisk::mount(&small, 64) {
        full(shop.make(&q8).await);
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
    }
    if let Some(_disk) = SmallDisk::mount(&small, 1024) {
        let filler = small.join("filler");
        let made = shop
            .make_watched(&q8, |making| {
                if matches!(making, Making::Tensors(0, _)) {
                    let mut file = File::create(&filler).expect("a file");
                    while file.write_all(&[0; 4096]).is_ok() {}
                }
            })
            .await;
        full(made);
        assert_eq!(shop.left(), std::slice::from_ref(&filler));
        fs::remove_file(&filler).expect("the filler");
        shop.make(&q8).await.expect("it is made once there is room");
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
    assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_has_changed_is_said() {
    let append = |path: &Path| {
        let mut file = File::options().append(true).open(path).expect("the model");
        file.write_all(&[0; 32]).expect("it is written");
    };
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
    for (shop, made) in [(&before, before.make(&q8).await), (&during, made.await)] {
        let error = made.expect_err("the base has changed");
        assert!(
            error.to_string().starts_with("tiny.gguf has changed"),
            "{error}"
        );
        assert_eq!(shop.left(), [""; 0].map(PathBuf::from));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantized_base_is_warned_of() {
    let shop = Shop::new();
    let q8 = shop.make(&recipe("q8_0", false)).await.expect("it is made");
    let file = File::open(&q8.path).expect("the variant");
    let q4 = recipe("q4_0", false);
    let making = shop.workshop.make(&q8.model, &file, &q4, |_| ());
    let twice = making.await.expect("it is made");
    let record = twice.model.variant.as_ref().expect("a variant");
    assert_eq!(record.warnings.len(), 1);
    assert!(
        record.warnings[0].starts_with("Requantized: the base is Q8_0"),
        "{record:?}"
    );
    let forecast = shop.workshop.forecast(&q8.model, &file, &[q4]).await;
    assert_eq!(
        forecast.expect("a forecast").variants[0].warnings,
        record.warnings
    );

    // An F16 of it looks exact, and is not.
    let f16 = recipe("f16", false);
    let making = shop.workshop.make(&q8.model, &file, &f16, |_| ());
    let f16 = making.await.expect("it is made");
    let file = File::open(&f16.path).expect("the variant");
    let making = shop.workshop.make(&f16.model, &file, &q4, |_| ());
    let again = making.await.expect("it is made");
    let record = again.model.variant.as_ref().expect("a variant");
    let kind = "Requantized: the base is F16, quantized from Q8_0";
    assert!(record.warnings[0].starts_with(kind), "{record:?}");
}

/// A house whose tiny model has a Q4_0 variant.
async fn house_with_variant() -> (House, Variant) {
    let house = House::with_model().await;
    house.settled_library().await;
    let variant = make_variant(&house).await;
    (house, variant)
}

/// Makes the Q4_0 variant of the house's tiny model.
pub async fn make_variant(house: &House) -> Variant {
    let data = DataFolder::open(&house.path().join("data")).expect("the data folder");
    let library = Library::open(&data, &[], house.path().join("other.lock")).expect("a library");
    let base = library
        .at_path(&house.models().join("tiny.gguf"))
        .expect("the model");
    let file = File::open(&base.path).expect("the model");
    let workshop = workshop(&data, real_workers());
    let q4 = recipe("q4_0", false);
    let making = workshop.make(&base.model, &file, &q4, |_| ());
    making.await.expect("it is made")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_shows_variants_and_never_chooses_one() {
    let (house, variant) = house_with_variant().await;
    let (_, library) = house.get("/api/models").await;
    let models = library["models"].as_array().expect("models");
    assert_eq!(library["n_pending"], 0, "its hash is known");
    assert_eq!(models.len(), 2, "{library}");
    let of = |origin: &str| models.iter().find(|model| model["origin"] == origin);
    let (base, listed) = (
        of("data_folder").expect("the base"),
        of("variant").expect("the variant"),
    );
    assert_eq!(listed["id"], json!(variant.model.id));
    assert_eq!(listed["variant"]["recipe"]["quantize"]["level"], "q4_0");
    assert_eq!(listed["variant"]["base"]["sha256"], base["sha256"]);
    assert_eq!(library["default_model"], base["id"]);

    let (_, page) = house.get("/models").await;
    let page = page.as_str().expect("a page");
    let path = variant.path.to_string_lossy();
    for says in [
        format!("llama-server -m {path}"),
        format!("FROM {path}"),
        "Q8_0 instead of Q6_K".to_owned(),
        "What its tensors are".to_owned(),
    ] {
        assert!(page.contains(&says), "{says} is not on the page");
    }

    // It is measured as any model is.
    let body =
        json!({"model": listed["id"], "test_queries": ["hello"], "iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");

    fs::remove_file(house.models().join("tiny.gguf")).expect("the base");
    let fresh = Library::open(
        &DataFolder::open(&house.path().join("data")).expect("the data folder"),
        &[],
        house.path().join("other.lock"),
    );
    let listing = fresh.expect("a library").listing();
    assert_eq!((listing.models.len(), listing.default_model), (1, None));
    let (_, page) = house.get("/models").await;
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("no longer in the library"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_is_deleted_and_nothing_else_is() {
    let (house, variant) = house_with_variant().await;
    let delete = "/api/variants/delete";
    let base = house.model_id("llama").await;
    for id in [json!("no-such"), json!("tiny")] {
        let (status, _) = house.post(delete, &json!({"model": id})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    let (_, library) = house.get("/api/models").await;
    let own = library["models"].as_array().into_iter().flatten();
    for model in own.filter(|model| model["origin"] == "data_folder") {
        let (status, _) = house.post(delete, &json!({"model": model["id"]})).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{base}");
    }
    let (status, answer) = house
        .post(delete, &json!({"model": variant.model.id}))
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(!variant.path.exists() && !variant.path.with_extension("json").exists());
    assert!(house.models().join("tiny.gguf").exists());
    let (_, library) = house.get("/api/models").await;
    assert_eq!(library["models"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_is_deleted_whatever_has_become_of_its_file() {
    let damages: [fn(&Path); 3] = [
        // Its content has changed.
        |path| {
            let mut bytes = fs::read(path).expect("the variant");
            *bytes.last_mut().expect("a byte") ^= 1;
            fs::write(path, bytes).expect("the variant");
        },
        // Its header is damaged.
        |path| fs::write(path, b"GGUF").expect("the variant"),
        // A copy whose hash is not known yet: it may be, or not.
        |path| {
            let bytes = fs::read(path).expect("the variant");
            fs::write(path, bytes).expect("the variant");
        },
    ];
    for damage in damages {
        let (house, variant) = house_with_variant().await;
        damage(&variant.path);
        let (_, library) = house.get("/api/models").await;
        let unusable = library["unusable"].as_array().expect("files");
        for file in unusable {
            assert_eq!(file["variant"], json!(variant.model.id), "{file}");
            let (_, page) = house.get("/models").await;
            let name = file["file_name"].as_str().expect("a name");
            let button = format!("aria-label=\"Delete {name}\"");
            assert!(page.as_str().is_some_and(|page| page.contains(&button)));
        }
        let delete = json!({"model": variant.model.id});
        let (status, answer) = house.post("/api/variants/delete", &delete).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["sha256"], json!(variant.model.sha256));
        assert_eq!(answer["recipe"]["quantize"]["level"], "q4_0");
        let left = files_below(&house.path().join("data/variants"));
        assert_eq!(left, [""; 0].map(PathBuf::from));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forecasts_say_the_size_before_anything_is_made() {
    let house = House::with_model().await;
    let model = house.model_id("llama").await;
    let forecast = "/api/variants/forecast";
    let ask = |recipes: Value| json!({"model": model, "recipes": recipes});
    let levels = [
        json!({"level": "q4_0"}),
        json!({"level": "q4_0", "imatrix": true}),
        json!({"level": "q8_0"}),
    ];
    let both = json!(levels.map(|level| json!({"quantize": level})));
    for _ in 0..2 {
        let (status, answer) = house.post(forecast, &ask(both.clone())).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let size = |n: usize| answer["variants"][n]["size_bytes"].as_u64().expect("bytes");
        assert!(size(0) < size(2), "{answer}");
        assert_eq!(answer["variants"][1]["recipe"]["quantize"]["imatrix"], true);
        assert!(answer["free_bytes"].is_u64());
    }
    let variants = files_below(&house.path().join("data/variants"));
    assert_eq!(variants, [""; 0].map(PathBuf::from), "nothing is made");

    // Beside a measurement no worker is started for it; what is known is answered.
    let machine = house.path().join("machine.lock");
    let held = MachineLock::take(&machine).await.expect("the machine");
    let (status, answer) = house.post(forecast, &ask(both.clone())).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let new = json!([{"quantize": {"level": "q4_0"}}, {"quantize": {"level": "q6_k"}}]);
    let (status, answer) = house.post(forecast, &ask(new.clone())).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    assert!(message(&answer).contains("busy with a measurement"));
    drop(held);
    // Several at once wait for each other, and not in vain.
    let more = json!([{"quantize": {"level": "q5_k_m"}}]);
    let (new, more) = (ask(new), ask(more));
    let (one, two) = tokio::join!(house.post(forecast, &new), house.post(forecast, &more));
    assert_eq!(
        (one.0, two.0),
        (StatusCode::OK, StatusCode::OK),
        "{one:?} {two:?}"
    );
    for (recipes, says) in [
        (json!([{"quantize": {"level": "q9_9"}}]), "q9_9"),
        (json!([]), "recipes has 0 entries"),
        (json!([{}]), "variant 1 changes nothing"),
    ] {
        let (status, answer) = house.post(forecast, &ask(recipes)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(message(&answer).contains(says), "{answer}");
    }
}
