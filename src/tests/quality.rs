//! Quality of variants, measured by real workers on tiny models.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use whittle::backend::{WorkerError, WorkerLauncher};
use whittle::bench::{QualityPlan, QualityProgress, QualityResult, measure_quality};
use whittle::domain::metrics::Reading;
use whittle::domain::quality::{Estimate, Quality, TextName};
use whittle::domain::run::{Failure, FailureKind};

use crate::house::real_workers;
use crate::tiny_model::{self, Tiny};

/// Models in a folder of their own: the baseline, then its variants.
struct Models {
    folder: TempDir,
    files: Vec<(File, PathBuf)>,
}

/// What is asked for beside the models.
#[derive(Default)]
struct Ask {
    text: Option<(&'static str, String)>,
    n_chunks: u32,
    prompts: Vec<String>,
    memory_bytes: Option<u64>,
    /// 16 where none is given.
    max_tokens: Option<u32>,
}

impl Models {
    fn of(models: &[Tiny]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = (0..).zip(models).map(|(number, tiny)| {
            let name = format!("{number}.gguf");
            let path = tiny_model::write_as(folder.path(), &name, *tiny);
            (File::open(&path).expect("the model"), path)
        });
        Self {
            files: files.collect(),
            folder,
        }
    }

    fn plan<'a>(&'a self, launcher: &'a WorkerLauncher, ask: Ask) -> QualityPlan<'a> {
        let mut files = self.files.iter().map(|(file, path)| (file, path.clone()));
        QualityPlan {
            launcher,
            baseline: files.next().expect("a baseline"),
            variants: files.collect(),
            text: ask.text.map(|(name, text)| {
                let name = TextName {
                    name: name.to_owned(),
                    sha256: String::new(),
                };
                (name, text)
            }),
            n_chunks: ask.n_chunks,
            n_threads: 1,
            prompts: ask.prompts,
            max_tokens: ask.max_tokens.unwrap_or(16),
            memory_bytes: ask.memory_bytes,
        }
    }

    async fn measure(&self, ask: Ask) -> Result<QualityResult, WorkerError> {
        let launcher = real_workers();
        measure_quality(&self.plan(&launcher, ask), |_| ()).await
    }
}

fn seeded(seed: u64) -> Tiny {
    Tiny {
        seed,
        ..Tiny::default()
    }
}

fn chunks(n_chunks: u32) -> Ask {
    Ask {
        n_chunks,
        ..Ask::default()
    }
}

fn measured(reading: &Reading<Quality>) -> &Quality {
    reading
        .value()
        .unwrap_or_else(|| panic!("{:?}", reading.reason()))
}

fn contains_itself(estimate: &Estimate) -> bool {
    let (low, high) = (estimate.low.expect("low"), estimate.high.expect("high"));
    low <= estimate.value && estimate.value <= high
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_against_itself_loses_nothing() {
    let models = Models::of(&[seeded(1), seeded(1)]);
    let launcher = real_workers();
    let plan = models.plan(&launcher, chunks(4));
    let mut told: Vec<QualityProgress> = Vec::new();
    let result = measure_quality(&plan, |progress| told.push(progress)).await;
    let result = result.expect("figures");

    assert_eq!(result.baseline.text.name, "built-in evaluation text");
    assert_eq!((result.baseline.n_chunks, result.baseline.n_ctx), (4, 512));
    assert_eq!(result.baseline.n_tokens, 4 * 255);
    assert!(contains_itself(&result.baseline.perplexity));
    let quality = measured(&result.variants[0].0);
    assert!(quality.mean_kld.value < 1e-6, "{quality:?}");
    assert!(quality.kld.max < 1e-6, "{quality:?}");
    assert_eq!(quality.same_top_token.value, 1.0);
    assert_eq!(quality.ln_perplexity_ratio.value, 0.0);
    assert_eq!(quality.perplexity.perplexity, result.baseline.perplexity);
    assert!(result.warnings.is_empty(), "{:?}", result.warnings);

    // Twice a chunk: by the baseline, then by the variant.
    let done: Vec<u32> = told.iter().map(|progress| progress.chunks_done).collect();
    assert_eq!(done, [0, 1, 1, 2, 2, 3, 3, 4]);
    assert!(told.iter().all(|progress| progress.n_chunks == 4));
    assert_eq!(told[0].mean_kld, [None]);
    assert_eq!(told[7].mean_kld, [Some(quality.mean_kld.value)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_model_loses_and_each_variant_has_its_own_figures() {
    let models = Models::of(&[seeded(1), seeded(2), seeded(1)]);
    let result = models.measure(chunks(3)).await.expect("figures");
    let [other, same] = [0, 1].map(|i| measured(&result.variants[i].0));
    assert!(other.mean_kld.value > 0.001, "{other:?}");
    assert!(other.same_top_token.value < 0.9);
    assert!(other.rms_delta_p.value > 0.0);
    for estimate in [
        &other.mean_kld,
        &other.ln_perplexity_ratio,
        &other.perplexity.perplexity,
        &other.same_top_token,
        &other.rms_delta_p,
    ] {
        assert!(contains_itself(estimate), "{estimate:?}");
    }
    let kld = other.kld;
    let ascending = [kld.p50, kld.p90, kld.p95, kld.p99, kld.p999, kld.max];
    assert!(ascending.is_sorted(), "{kld:?}");
    let ratio = other.perplexity.perplexity.value / result.baseline.perplexity.value;
    assert!((ratio.ln() - other.ln_perplexity_ratio.value).abs() < 1e-9);
    assert!(same.mean_kld.value < 1e-6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_with_another_vocabulary_is_refused_with_the_reason() {
    let longer = Tiny {
        n_tokens: 301,
        ..Tiny::default()
    };
    let renamed = Tiny {
        last_token: Some("\u{2581}<b>else</b>"),
        ..Tiny::default()
    };
    let models = Models::of(&[seeded(1), longer, seeded(1), renamed]);
    let ask = Ask {
        prompts: vec!["hello".to_owned()],
        ..chunks(2)
    };
    let result = models.measure(ask).await.expect("figures");
    let reason = |i: usize| result.variants[i].0.reason().unwrap_or_default();
    assert!(reason(0).contains("301 tokens"), "{}", reason(0));
    assert!(reason(0).contains("300"), "{}", reason(0));
    assert!(reason(2).contains("token 299"), "{}", reason(2));
    assert!(measured(&result.variants[1].0).mean_kld.value < 1e-6);
    let answers: Vec<usize> = result.variants.iter().map(|(_, a)| a.len()).collect();
    assert_eq!(answers, [0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_shown_from_where_they_part() {
    let models = Models::of(&[seeded(1), seeded(1), seeded(2)]);
    let ask = Ask {
        prompts: vec!["hello".to_owned(), "you \u{20ac}".to_owned()],
        ..chunks(1)
    };
    let result = models.measure(ask).await.expect("figures");
    let (same, other) = (&result.variants[0].1, &result.variants[1].1);
    assert_eq!((same.len(), other.len()), (2, 2));
    for (number, answer) in (1..).zip(same) {
        assert_eq!(answer.prompt, number);
        assert_eq!((&*answer.baseline_rest, &*answer.variant_rest), ("", ""));
        assert_eq!(
            (answer.baseline_token_bytes, answer.variant_token_bytes),
            (None, None)
        );
        assert_eq!(answer.kld.len(), answer.n_common_tokens as usize);
        assert!(answer.kld.iter().all(|kld| *kld < 1e-6), "{answer:?}");
    }
    for (same, other) in same.iter().zip(other) {
        // Of random weights; a token at which they part has its divergence too.
        assert!(other.n_common_tokens < same.n_common_tokens, "{other:?}");
        assert_eq!(other.kld.len(), other.n_common_tokens as usize + 1);
        assert!(other.kld.last().is_some_and(|kld| *kld > 0.0), "{other:?}");
        assert_ne!(other.baseline_rest, other.variant_rest);
        let sides = [
            (&other.baseline_rest, other.baseline_token_bytes),
            (&other.variant_rest, other.variant_token_bytes),
        ];
        for (rest, n_bytes) in sides {
            match n_bytes {
                Some(n_bytes) => assert!(rest.is_char_boundary(n_bytes as usize), "{other:?}"),
                None => assert_eq!(rest, "", "{other:?}"),
            }
        }
        let baseline = format!("{}{}", other.common, other.baseline_rest);
        assert_eq!(baseline, same.common);
    }
    // One chunk: no interval, and it is still said what was scored.
    assert_eq!(result.baseline.perplexity.low, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_told_while_they_are_given() {
    let models = Models::of(&[seeded(1), seeded(2), seeded(3)]);
    let launcher = real_workers();
    let ask = Ask {
        prompts: vec!["hello".to_owned(), "you".to_owned()],
        ..chunks(2)
    };
    let plan = models.plan(&launcher, ask);
    let mut told: Vec<QualityProgress> = Vec::new();
    let result = measure_quality(&plan, |progress| told.push(progress)).await;
    assert!(result.expect("figures").warnings.is_empty());
    let answered: Vec<(u32, u32)> = told
        .iter()
        .map(|progress| (progress.answers_done, progress.n_answers))
        .filter(|(_, n_answers)| *n_answers > 0)
        .collect();
    // Two prompts for each of three models.
    assert_eq!(answered, [(1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]);
    let last = told.last().expect("progress");
    assert_eq!((last.chunks_done, last.n_chunks), (2, 2));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_figures_stand_where_prompts_cannot_be_answered() {
    let models = Models::of(&[seeded(1), seeded(2)]);
    let ask = |max_tokens| Ask {
        prompts: vec!["hello".to_owned()],
        memory_bytes: Some(400_000_000),
        max_tokens: Some(max_tokens),
        ..chunks(2)
    };
    // Keys and values of 2 GB.
    let result = models.measure(ask(4_000_000)).await.expect("figures");
    assert!(measured(&result.variants[0].0).mean_kld.value > 0.001);
    assert_eq!(result.variants[0].1, []);
    let said = result.warnings.join(" ");
    assert!(
        said.contains("answers to the prompts were not compared")
            && said.contains("does not fit into the available memory"),
        "{said}"
    );
    let result = models.measure(ask(16)).await.expect("figures");
    assert_eq!(result.variants[0].1.len(), 1);
    assert!(result.warnings.is_empty(), "{:?}", result.warnings);
}

#[tokio::test(flavor = "multi_thread")]
async fn models_that_do_not_fit_together_take_turns_within_the_limit() {
    const LIMIT: u64 = 180_000_000;
    // A vocabulary whose logits outweigh everything else.
    let wide = |seed| Tiny {
        seed,
        n_tokens: 16_000,
        ..Tiny::default()
    };
    let models = Models::of(&[1, 2, 3, 4, 1].map(wide));
    let ask = |memory_bytes| Ask {
        memory_bytes,
        prompts: vec!["hello".to_owned()],
        ..chunks(3)
    };
    let free = models.measure(ask(None)).await.expect("figures");
    assert!(free.warnings.is_empty(), "{:?}", free.warnings);
    let bounded = models.measure(ask(Some(LIMIT))).await.expect("figures");
    assert!(
        bounded.warnings[0].contains("took turns"),
        "{:?}",
        bounded.warnings
    );
    #[cfg(target_os = "linux")]
    {
        let [free, bounded] = [&free, &bounded].map(|result| result.peak_memory_bytes);
        assert!(free > Some(LIMIT), "the limit is none: {free:?}");
        assert!(bounded.is_some_and(|peak| peak <= LIMIT), "{bounded:?}");
    }
    assert_eq!(free.baseline, bounded.baseline);
    assert_eq!(free.variants, bounded.variants);
    assert!(measured(&bounded.variants[3].0).mean_kld.value < 1e-6);

    let refused = models.measure(ask(Some(50_000_000))).await;
    let failure = Failure::from(refused.expect_err("it does not fit"));
    assert_eq!(failure.kind, FailureKind::OutOfMemory, "{failure:?}");
    assert!(
        failure.message.contains("50.00 MB may be used"),
        "{failure:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_ones_own_is_used_as_far_as_it_goes() {
    let models = Models::of(&[seeded(1), seeded(2)]);
    let ask = |text: String| Ask {
        text: Some(("mine.txt", text)),
        ..chunks(40)
    };
    let result = models.measure(ask("abc ".repeat(400))).await;
    let result = result.expect("figures");
    assert_eq!(result.baseline.text.name, "mine.txt");
    assert_eq!(result.baseline.text.sha256.len(), 64);
    let n_chunks = result.baseline.n_chunks;
    assert!((1..40).contains(&n_chunks), "{n_chunks}");
    assert!(
        result.warnings[0].contains("not the 40 that were asked for"),
        "{:?}",
        result.warnings
    );

    let short = models.measure(ask("abc".to_owned())).await;
    let failure = Failure::from(short.expect_err("it is too short"));
    assert_eq!(failure.kind, FailureKind::PromptNotUsable);
    let message = &failure.message;
    assert!(
        message.contains("mine.txt") && message.contains("needs 512"),
        "{message}"
    );

    let huge = models.measure(ask("abc ".repeat(2 << 20))).await;
    let failure = Failure::from(huge.expect_err("it is too long"));
    assert_eq!(failure.kind, FailureKind::PromptNotUsable);
    assert!(failure.message.contains("8.39 MB"), "{}", failure.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_that_the_engine_refuses_is_named() {
    let strange = Tiny {
        architecture: "nosuch",
        ..Tiny::default()
    };
    let models = Models::of(&[seeded(1), strange]);
    let failure = Failure::from(models.measure(chunks(2)).await.expect_err("no such"));
    assert_eq!(failure.kind, FailureKind::ModelNotUsable, "{failure:?}");
    assert!(failure.message.contains("variant 1"), "{failure:?}");
}

/// Workers that `ps` tells from those of other tests.
#[cfg(target_os = "linux")]
fn own_workers(folder: &Path) -> (WorkerLauncher, PathBuf) {
    let program = folder.join("whittle-of-this-test");
    let launcher = real_workers();
    std::os::unix::fs::symlink(&launcher.program, &program).expect("a link");
    let launcher = WorkerLauncher {
        program: program.clone(),
        ..launcher
    };
    (launcher, program)
}

#[cfg(target_os = "linux")]
fn workers_of(program: &Path) -> Vec<String> {
    let name = program.to_string_lossy();
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let is_worker = |entry: &fs::DirEntry| {
        let command = fs::read_to_string(entry.path().join("cmdline"));
        command.is_ok_and(|command| command.starts_with(&*name))
    };
    processes
        .filter(is_worker)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_future_ends_the_worker() {
    let models = Models::of(&[seeded(1), seeded(2)]);
    let (launcher, program) = own_workers(models.folder.path());
    let plan = models.plan(&launcher, chunks(1000));
    let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
    let tell = move |_| {
        // Nobody listens any more once one was heard.
        let _ = sender.send(());
    };
    tokio::select! {
        result = measure_quality(&plan, tell) => {
            panic!("it ended by itself: {:?}", result.map(|result| result.baseline));
        }
        _ = told.recv() => {}
    }
    for _ in 0..200 {
        if workers_of(&program).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the worker lives on");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_half_way_is_said() {
    let models = Models::of(&[seeded(1), seeded(2)]);
    let (launcher, program) = own_workers(models.folder.path());
    let plan = models.plan(&launcher, chunks(1000));
    let kill = move |_| {
        for worker in workers_of(&program) {
            let _ = std::process::Command::new("kill")
                .args(["-KILL", &worker])
                .status();
        }
    };
    let failure = Failure::from(measure_quality(&plan, kill).await.expect_err("killed"));
    assert_eq!(failure.kind, FailureKind::WorkerCrashed);
    let message = &failure.message;
    assert!(
        message.contains("SIGKILL") && message.contains("measuring quality"),
        "{message}"
    );
}
