//! `whittle bench`: one run on the command line, kept in the same history.

use anyhow::bail;

use super::follow::measured;
use super::run_args::RunArgs;
use crate::domain::benchmark::{ArmResult, RightAnswers};
use crate::domain::compare::Quantity;
use crate::domain::latency::Percentiles;
use crate::domain::metrics::{Figure, Reading};
use crate::domain::model::Model;
use crate::domain::outlier;
use crate::domain::run::{GenerationMode, Run};
use crate::domain::units;

pub(super) async fn bench(args: RunArgs) -> anyhow::Result<()> {
    let state = args.open().await?;
    let spec = args.checked(args.request(&state).await?)?;
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
        Quantity::ResponseTime.label(),
        figure(&arm.response_time_s, Quantity::ResponseTime.unit()),
        arm.response_time_work(&run.spec.settings)
    );
    let rows = [
        (Quantity::TimeToFirstToken, &arm.time_to_first_token_ms),
        (Quantity::TokensPerSecond, &arm.tokens_per_second),
        (
            Quantity::PromptTokensPerSecond,
            &arm.prompt_tokens_per_second,
        ),
        (Quantity::CpuUsage, &arm.cpu_usage_percent),
        (
            Quantity::CpuSecondsPer1000Tokens,
            &arm.cpu_seconds_per_1000_tokens,
        ),
    ];
    for (quantity, reading) in rows {
        let name = quantity.label();
        println!("{name:22}{}", figure(reading, quantity.unit()));
    }
    if let Some(cores) = arm.cpu_cores_used.mean() {
        println!("{:22}{}", "Cores used", units::number(cores));
    }
    let (peak, parts) = match &arm.memory {
        Reading::Measured(memory) => (
            figure(&Reading::Measured(memory.peak_mb), "MB peak resident"),
            memory.parts_in_words(),
        ),
        Reading::NotMeasured(reason) => (format!("not measured: {reason}"), None),
    };
    println!("{:22}{peak}", Quantity::Memory.label());
    if let Some(parts) = parts {
        println!("{:22}{parts}", "Its parts, MB");
    }
    println!("{:22}{}", Quantity::ModelSize.label(), size(&arm.model));
    percentiles("Token latency", &arm.token_latency_ms, "tokens");
    percentiles("Request latency", &arm.request_latency_ms, "requests");
    if let Some(environment) = &run.environment {
        println!("{:22}{}", "Measured on", environment.in_words());
    }
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

fn size(model: &Model) -> String {
    let bits = model
        .bits_per_weight()
        .map(|bits| format!(", {} bits per weight", units::number(bits)));
    format!(
        "{} MB{}, {} parameters",
        units::number(model.size_mb()),
        bits.unwrap_or_default(),
        units::parameters(model.n_params)
    )
}

/// A row of percentiles, each from as many samples on as it needs.
fn percentiles(name: &str, of: &Percentiles, samples: &str) {
    let shown = |p: Option<f64>, floor: u64| match p {
        Some(p) => format!("{} ms", units::number(p)),
        None => format!("not measured (needs {} {samples})", units::count(floor)),
    };
    println!(
        "{name:22}P50 {}, P95 {}, P99 {}, n = {}",
        shown(of.p50, of.needs.p50),
        shown(of.p95, of.needs.p95),
        shown(of.p99, of.needs.p99),
        units::count(of.n)
    );
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
