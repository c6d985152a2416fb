//! `whittle verdicts`: real launches of a model against itself, slowed down or
//! not, and how often the rule says the right thing of them. Not for users: it
//! is what the README's table of verdicts comes from.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::follow::measured;
use super::run_args::RunArgs;
use crate::bench::{self, Conduct, Pair, Trust};
use crate::domain::recipe::Recipe;
use crate::domain::run::RunId;
use crate::domain::units;
use crate::server::AppState;

#[derive(Debug, Subcommand)]
pub(super) enum VerdictsCommand {
    /// Launch a model against itself, --iterations times, and keep the pairs.
    Record(Box<RecordArgs>),
    /// Draw runs from the pairs and say how often they are right.
    Judge {
        /// The file of pairs.
        pairs: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct RecordArgs {
    #[command(flatten)]
    run: RunArgs,
    /// How much longer each token of the second copy shall take, %.
    #[arg(long, default_value_t = 0.0, value_name = "PERCENT")]
    slowdown: f64,
    /// Take the pairs of a run that was recorded before, after a change of the
    /// rule, instead of measuring.
    #[arg(long, value_name = "ID")]
    from_run: Option<i64>,
    /// The file that the pairs are added to, a JSON object a line.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) async fn verdicts(command: VerdictsCommand) -> anyhow::Result<()> {
    match command {
        VerdictsCommand::Record(args) => record(*args).await,
        VerdictsCommand::Judge { pairs } => judge(&pairs),
    }
}

async fn record(args: RecordArgs) -> anyhow::Result<()> {
    if !(0.0..=1000.0).contains(&args.slowdown) {
        bail!("--slowdown is {}; it must be 0 to 1000 %", args.slowdown);
    }
    let state = args.run.open().await?;
    let id = match args.from_run {
        Some(id) => RunId(id),
        None => recorded(&args, &state).await?,
    };
    let requests = state.requests(id).await?;
    let pairs = bench::pairs(args.slowdown, &requests);
    let named = || format!("the pairs cannot be added to {}", args.out.display());
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&args.out)
        .with_context(named)?;
    for pair in &pairs {
        writeln!(file, "{}", serde_json::to_string(pair)?).with_context(named)?;
    }
    println!("{} pairs, slowed down by {} %", pairs.len(), args.slowdown);
    Ok(())
}

/// Measures a run of a model and its copy.
async fn recorded(args: &RecordArgs, state: &AppState) -> anyhow::Result<RunId> {
    let mut spec = args.run.checked(args.run.request(state).await?)?;
    spec.recipes = vec![Recipe::default()];
    let located = args.run.locate(state).await?;
    let conduct = Conduct {
        slowdown: args.slowdown / 100.0,
        ..args.run.conduct()
    };
    Ok(measured(state, spec, located, conduct).await?.id)
}

fn judge(file: &std::path::Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("the pairs in {} cannot be read", file.display()))?;
    let pairs: Result<Vec<Pair>, _> = text.lines().map(serde_json::from_str).collect();
    let pairs = pairs.with_context(|| format!("{} holds no pairs", file.display()))?;
    let n = |slowdown: f64| {
        let same = pairs
            .iter()
            .filter(|pair| pair.slowdown_percent == slowdown);
        same.count()
    };
    println!(
        "10,000 runs are drawn for each line from the launch pairs of a model against itself."
    );
    println!();
    println!(
        "| slowdown | pairs | iterations | quantity | noise | better | worse | no difference | undecided | |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut n_broken = 0;
    for row in bench::trust(&pairs) {
        let [better, worse, same, undecided] =
            row.shares.map(|share| format!("{:.1} %", share * 100.0));
        let promise = promise(&row);
        n_broken += u32::from(promise.as_ref().is_some_and(|(_, holds)| !holds));
        println!(
            "| {} % | {} | {} | {} | {} | {better} | {worse} | {same} | {undecided} | {} |",
            row.slowdown_percent,
            n(row.slowdown_percent),
            row.iterations,
            row.quantity.label().to_lowercase(),
            if row.is_noise_measured {
                "measured"
            } else {
                "assumed"
            },
            promise.map_or_else(String::new, |(promised, holds)| {
                let word = if holds { "holds" } else { "does NOT hold" };
                format!("{promised}: {word}")
            }),
        );
    }
    match n_broken {
        0 => Ok(()),
        n => bail!(
            "{} of what is promised does NOT hold",
            units::plural(n.into(), "line", "lines")
        ),
    }
}

/// What is promised of a line, and whether it holds; none: nothing is.
fn promise(row: &Trust) -> Option<(&'static str, bool)> {
    let [better, worse, ..] = row.shares;
    match (row.slowdown_percent, row.iterations) {
        (0.0, _) => Some(("at most 5 % better or worse", better + worse <= 0.05)),
        (5.0, 10) if row.is_noise_measured => Some(("at least 80 % worse", worse >= 0.80)),
        (20.0, 3) => Some(("at least 95 % worse", worse >= 0.95)),
        _ => None,
    }
}
