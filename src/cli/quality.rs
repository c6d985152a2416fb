//! `whittle quality`: what variants lost against their baseline, on the command
//! line. Kept in no history: a comparison keeps its own.

use std::fs::File;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::DataDir;
use super::flags::{PROMPT, checked};
use super::given;
use super::model;
use super::quality_print::print;
use super::waiting::take_machine;
use crate::backend::WorkerLauncher;
use crate::bench::machine::{MachineFacts, MachineLoad};
use crate::bench::{QualityPlan, QualityProgress, QualityResult};
use crate::bench::{check_size, evaluation_text, measure_quality};
use crate::domain::defaults;
use crate::domain::prompt::Prompt;
use crate::domain::quality::{CHUNKS, CHUNKS_LIMIT, TextName};
use crate::domain::run::RunRequest;
use crate::domain::units;
use crate::gguf::open_model;
use crate::server::asked_to_end;

#[derive(Debug, Args)]
pub(super) struct QualityArgs {
    /// The baseline: a library id, or the path of a .gguf file.
    base: String,
    /// What to compare with it; none: the baseline's perplexity alone.
    variants: Vec<String>,
    /// Chunks of 512 tokens to score.
    #[arg(long, default_value_t = CHUNKS, value_parser = clap::value_parser!(u32).range(1..=i64::from(CHUNKS_LIMIT)))]
    chunks: u32,
    /// A text of your own, UTF-8 [default: the built-in evaluation text].
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// A prompt whose answers are compared; repeatable.
    #[arg(long)]
    prompt: Vec<String>,
    /// Tokens of an answer at most.
    #[arg(long, default_value_t = defaults::MAX_TOKENS, value_parser = clap::value_parser!(u32).range(1..=i64::from(defaults::MAX_TOKENS_LIMIT)))]
    max_tokens: u32,
    /// Threads [default: the physical cores].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(defaults::THREADS_LIMIT)))]
    threads: Option<u32>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataDir,
}

pub(super) async fn quality(args: QualityArgs) -> anyhow::Result<()> {
    check_prompts(&args.prompt)?;
    let text = args.text.as_deref().map(read).transpose()?;
    let mut models = Vec::new();
    for model in std::iter::once(&args.base).chain(&args.variants) {
        models.push(open(model, &args.data).await?);
    }
    // What else is measured on this machine would be disturbed.
    let _machine = take_machine(&ProgressBar::hidden()).await?;
    let machine = tokio::task::spawn_blocking(MachineFacts::read).await?;
    let available = (MachineLoad::read().available_memory_mb * 1e6) as u64;
    let launcher = WorkerLauncher::current_program()?;
    let mut opened = models.iter().map(|model| (&model.file, model.path.clone()));
    let plan = QualityPlan {
        launcher: &launcher,
        baseline: opened.next().context("no baseline was given")?,
        variants: opened.collect(),
        text,
        n_chunks: args.chunks,
        n_threads: args.threads.unwrap_or_else(|| machine.default_threads()),
        prompts: args.prompt,
        max_tokens: args.max_tokens,
        memory_bytes: (available > 0).then_some(available),
    };
    let start = Instant::now();
    let result = tokio::select! {
        result = measured(&plan) => result?,
        () = asked_to_end() => bail!("cancelled"),
    };
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    if args.json {
        let json = as_json(&names, &result, start.elapsed());
        println!("{}", serde_json::to_string_pretty(&json)?);
    } else {
        print(&names, &result);
    }
    Ok(())
}

/// A model that was found.
struct Opened {
    name: String,
    path: PathBuf,
    file: File,
}

async fn open(model: &str, data: &DataDir) -> anyhow::Result<Opened> {
    let path = model::file(data, model).await?;
    let unusable = || format!("{model} cannot be used");
    let (file, _) = open_model(&path).map_err(|error| anyhow!("{}: {error}", unusable()))?;
    Ok(Opened {
        name: path
            .file_name()
            .map_or_else(|| model.to_owned(), |name| name.to_string_lossy().into()),
        file,
        path: path.canonicalize().with_context(unusable)?,
    })
}

fn read(file: &std::path::Path) -> anyhow::Result<(TextName, String)> {
    const FLAG: &str = "--text";
    let name = file.file_name().unwrap_or(file.as_os_str());
    let name = name.to_string_lossy();
    // What is too large is not read.
    check_size(&name, given::file(FLAG, file)?).context(FLAG)?;
    evaluation_text(&name, given::bytes(FLAG, file)?).context(FLAG)
}

/// Refuses what a run would not take either.
fn check_prompts(prompts: &[String]) -> anyhow::Result<()> {
    let prompts: Vec<Prompt> = prompts.iter().map(|text| text.as_str().into()).collect();
    let request = RunRequest {
        test_queries: (!prompts.is_empty()).then_some(prompts),
        ..RunRequest::default()
    };
    checked(request, PROMPT).map(drop)
}

async fn measured(plan: &QualityPlan<'_>) -> anyhow::Result<QualityResult> {
    if !std::io::stderr().is_terminal() {
        return Ok(measure_quality(plan, |_| ()).await?);
    }
    let bar = ProgressBar::new(plan.n_chunks.into());
    let style = "{wide_bar} chunk {pos} of {len}, {eta} left  {msg}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    let result = measure_quality(plan, |progress| {
        bar.set_length(progress.n_chunks.into());
        bar.set_position(progress.chunks_done.into());
        bar.set_message(so_far(&progress));
    })
    .await;
    bar.finish_and_clear();
    Ok(result?)
}

fn so_far(progress: &QualityProgress) -> String {
    let shown = |kld: &Option<f64>| kld.map_or_else(|| "–".to_owned(), |kld| format!("{kld:.4}"));
    let kld: Vec<String> = progress.mean_kld.iter().map(shown).collect();
    let perplexity = progress
        .baseline_perplexity
        .map_or_else(|| "–".to_owned(), units::number);
    let answers = match progress.n_answers {
        0 => String::new(),
        of => format!(", {} of {of} answers", progress.answers_done),
    };
    match kld.is_empty() {
        true => format!("perplexity {perplexity}{answers}"),
        false => format!(
            "perplexity {perplexity}, mean KLD {}{answers}",
            kld.join(", ")
        ),
    }
}

fn as_json(names: &[&str], result: &QualityResult, elapsed: Duration) -> serde_json::Value {
    let variants = names.iter().skip(1).zip(&result.variants);
    let variants: Vec<_> = variants
        .map(|(name, (quality, answers))| {
            json!({"model": name, "quality": quality, "answers": answers})
        })
        .collect();
    json!({
        "baseline": {"model": names.first(), "perplexity": result.baseline},
        "variants": variants,
        "warnings": result.warnings,
        "elapsed_s": elapsed.as_secs_f64(),
        "peak_memory_bytes": result.peak_memory_bytes,
    })
}
