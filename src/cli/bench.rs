//! `whittle bench`: one run on the command line, kept in the same history.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::broadcast::error::RecvError;

use super::DataDir;
use super::prompts::PromptArgs;
use crate::domain::benchmark::{ArmResult, RightAnswers};
use crate::domain::event::{RunEvent, Stage};
use crate::domain::metrics::{Figure, Reading};
use crate::domain::outlier;
use crate::domain::prompt::Prompt;
use crate::domain::run::{GenerationMode, Run, RunRequest, RunSpec, RunStatus};
use crate::domain::units;
use crate::library::{DataFolder, Located};
use crate::queue::Job;
use crate::server::{AppState, asked_to_end};

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// A library id, or the path of a .gguf file.
    model: String,
    #[command(flatten)]
    prompts: PromptArgs,
    /// Fresh launches [default: 3].
    #[arg(long)]
    iterations: Option<i64>,
    /// Tokens to generate for each prompt [default: 128].
    #[arg(long)]
    max_tokens: Option<i64>,
    /// Threads [default: the physical cores].
    #[arg(long)]
    threads: Option<i64>,
    /// End at the end of sequence, as a chat would.
    #[arg(long)]
    natural_stop: bool,
    /// Map the file instead of reading it.
    #[arg(long)]
    mmap: bool,
    /// Layers to put on a GPU [default: 0].
    #[arg(long)]
    gpu_layers: Option<i64>,
    /// Context length, tokens [default: 2048].
    #[arg(long)]
    ctx: Option<i64>,
    /// Logical batch, tokens [default: 2048].
    #[arg(long)]
    batch: Option<i64>,
    /// Physical batch, tokens [default: 512].
    #[arg(long)]
    ubatch: Option<i64>,
    /// Thrown-away rounds at the start of every launch [default: 1].
    #[arg(long)]
    warm_ups: Option<i64>,
    /// Print the run as JSON.
    #[arg(long)]
    json: bool,
    /// Measure without gauges and progress: what is left to compare with when
    /// their cost is measured.
    #[arg(long, hide = true)]
    no_gauges: bool,
    #[command(flatten)]
    data: DataDir,
}

pub(super) async fn bench(args: BenchArgs) -> anyhow::Result<()> {
    let json = args.json;
    let data = DataFolder::open(
        &args
            .data
            .data_dir
            .clone()
            .unwrap_or_else(DataFolder::default_path),
    )?;
    let state = crate::server::open_state(&data).await?;
    let prompts = args.prompts.prompts(&state).await?;
    let spec = spec(&args, prompts)?;
    let located = locate(&state, args.model).await?;
    let job = state.submit(spec, located, !args.no_gauges).await?;
    let ended = async {
        follow(&job).await;
        job.ended().await;
    };
    tokio::select! {
        () = ended => {}
        () = asked_to_end() => {
            state.cancel(job.id.0).await?;
        }
    }
    let run = state.run(job.id.0).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&run)?);
    }
    match (run.baseline(), &run.failure) {
        (Some(arm), _) if !json => print(&run, arm),
        (Some(_), _) => {}
        (None, Some(failure)) => bail!(
            "run {} failed: {}\n{}",
            run.id,
            failure.message,
            failure.log_tail.join("\n")
        ),
        (None, None) if run.status == RunStatus::Cancelled => bail!("run {} was cancelled", run.id),
        (None, None) => bail!("run {} ended as {}", run.id, run.status.word()),
    }
    Ok(())
}

fn spec(args: &BenchArgs, prompts: Option<Vec<Prompt>>) -> anyhow::Result<RunSpec> {
    Ok(RunSpec::try_from(RunRequest {
        model: None,
        test_queries: prompts,
        iterations: args.iterations,
        max_tokens: args.max_tokens,
        mode: args.natural_stop.then_some(GenerationMode::NaturalStop),
        n_threads: args.threads,
        mmap: Some(args.mmap),
        n_gpu_layers: args.gpu_layers,
        n_ctx: args.ctx,
        n_batch: args.batch,
        n_ubatch: args.ubatch,
        flash_attention: None,
        warm_ups: args.warm_ups,
        ..RunRequest::default()
    })?)
}

/// A path wins over an id: it names one file and nothing else.
async fn locate(state: &AppState, model: String) -> anyhow::Result<Located> {
    let path = PathBuf::from(&model);
    if path.is_file() || model.contains('/') {
        let named = format!("{model} cannot be measured");
        return state.locate_path(path).await.context(named);
    }
    Ok(state.locate_id(model).await?)
}

async fn follow(job: &Job) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let bar = ProgressBar::new(1000);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut events = job.subscribe();
    let mut place = String::new();
    loop {
        match events.recv().await.map(|event| event.event) {
            Ok(RunEvent::Stage(stage)) => {
                place = in_words(&stage);
                bar.set_position((stage.fraction_done * 1000.0) as u64);
            }
            Ok(RunEvent::Live(live)) => {
                bar.set_position((live.fraction_done * 1000.0) as u64);
                let left = live
                    .seconds_left
                    .map(|s| format!(", {} left", units::duration(s)));
                bar.set_message(format!("{place}{}", left.unwrap_or_default()));
            }
            Ok(RunEvent::WaitingForMachine) => {
                bar.set_message("waiting: the machine is busy with another measurement, or with reading a new model");
            }
            Ok(event) if event.is_terminal() => break,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => break,
        }
    }
    bar.finish_and_clear();
}

fn in_words(stage: &Stage) -> String {
    let prompt = stage
        .prompt
        .map(|n| format!(", prompt {n} of {}", stage.prompts));
    format!(
        "iteration {} of {}: {}{}",
        stage.iteration,
        stage.iterations,
        stage.name.words(),
        prompt.unwrap_or_default()
    )
}

fn print(run: &Run, arm: &ArmResult) {
    println!("{} ({}), run {}", arm.model.name, arm.model.kind(), run.id);
    println!(
        "{:22}{}, {}",
        "Response time",
        figure(&arm.response_time_s, "s"),
        arm.response_time_work(&run.spec.settings)
    );
    let rows = [
        ("Time to first token", &arm.time_to_first_token_ms, "ms"),
        ("Decode speed", &arm.tokens_per_second, "tokens/s"),
        ("Prompt speed", &arm.prompt_tokens_per_second, "tokens/s"),
        ("CPU usage", &arm.cpu_usage_percent, "% of the machine"),
        (
            "CPU per 1,000 tokens",
            &arm.cpu_seconds_per_1000_tokens,
            "s",
        ),
    ];
    for (name, reading, unit) in rows {
        println!("{name:22}{}", figure(reading, unit));
    }
    let peak = match &arm.memory {
        Reading::Measured(memory) => figure(&Reading::Measured(memory.peak_mb), "MB peak resident"),
        Reading::NotMeasured(reason) => format!("not measured: {reason}"),
    };
    println!("{:22}{peak}", "Memory");
    println!(
        "{:22}{} MB",
        "Model size",
        units::number(arm.model.size_mb())
    );
    let latency = &arm.token_latency_ms;
    let shown = |p: Option<f64>| p.map_or_else(|| "–".to_owned(), units::number);
    println!(
        "{:22}P50 {}, P95 {}, P99 {} ms, n = {}",
        "Token latency",
        shown(latency.p50),
        shown(latency.p95),
        shown(latency.p99),
        units::count(latency.n)
    );
    println!(
        "{}",
        outlier::in_words(&arm.outliers, arm.request_latency_ms.n)
    );
    if let Some(right) = &arm.right_answers {
        print_right(right, run.spec.settings.mode);
    }
    for reason in &arm.unstable {
        println!("Unstable: {reason}");
    }
    for warning in &arm.warnings {
        println!("Note: {warning}");
    }
}

fn print_right(right: &RightAnswers, mode: GenerationMode) {
    println!(
        "{:22}{} of {} ({})",
        "Right answers",
        right.n_right,
        right.n_judged,
        right.in_words()
    );
    if mode == GenerationMode::FixedLength {
        println!("Note: {}", RightAnswers::FIXED_LENGTH);
    }
}

fn figure(reading: &Reading<Figure>, unit: &str) -> String {
    match reading {
        Reading::NotMeasured(reason) => format!("not measured: {reason}"),
        Reading::Measured(figure) => {
            let width = figure
                .half_width_95
                .map(|w| format!(" ± {}", units::number(w)));
            let width = width.unwrap_or_default();
            format!(
                "{}{width} {unit}, n = {}",
                units::number(figure.mean),
                figure.n_launches
            )
        }
    }
}
