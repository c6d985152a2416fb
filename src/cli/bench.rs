//! `whittle bench`: one run on the command line, kept in the same history.

use anyhow::bail;

use super::follow::measured;
use super::run_args::RunArgs;
use crate::domain::benchmark::{ArmResult, RightAnswers};
use crate::domain::metrics::{Figure, Reading};
use crate::domain::outlier;
use crate::domain::run::{GenerationMode, Run, RunSpec};
use crate::domain::units;

pub(super) async fn bench(args: RunArgs) -> anyhow::Result<()> {
    let state = args.open().await?;
    let spec = RunSpec::try_from(args.request(&state).await?)?;
    let located = args.locate(&state).await?;
    let run = measured(&state, spec, located, args.conduct()).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&run)?);
        return Ok(());
    }
    match run.baseline() {
        Some(arm) => print(&run, arm),
        None => bail!("run {} has no figures", run.id),
    }
    Ok(())
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
