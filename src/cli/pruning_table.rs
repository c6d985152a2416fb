//! `whittle pruning-table`: what each way to prune costs, beside what others do.
//! Not for users: it is what the README's table of pruning comes from.

use std::fs::{self, DirBuilder};
use std::iter;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::ProgressBar;

use super::DataDir;
use super::waiting::take_machine;
use crate::backend::{WorkerError, WorkerLauncher};
use crate::bench::machine::MachineFacts;
use crate::bench::{Pruner, PruningRow, PruningTable};
use crate::domain::protocol::{NeuronScore, Yardstick};
use crate::domain::pruning::{BlockSearch, PruningMethod, PruningProgress, PruningRatio};
use crate::domain::quality::Estimate;
use crate::domain::units;
use crate::gguf::check_model;
use crate::server::asked_to_end;

#[derive(Debug, Args)]
pub(super) struct PruningTableArgs {
    /// The model, a .gguf file.
    model: PathBuf,
    /// The shares of the blocks' weights to remove.
    #[arg(long, value_delimiter = ',', default_values_t = [0.1, 0.2, 0.3, 0.4, 0.5])]
    ratios: Vec<f64>,
    /// Whittle's width, depth and auto; others' norm, wanda-sp, flap and blocks.
    #[arg(long, value_delimiter = ',', value_parser = pruner, default_values = PRUNERS.map(|(name, _)| name))]
    by: Vec<Pruner>,
    /// Chunks of calibration text [default: as many as `prune` reads].
    #[arg(long)]
    calibration: Option<u32>,
    /// How many of the first chunks of the evaluation text are read.
    #[arg(long, value_delimiter = ',', default_values_t = [10, 40])]
    chunks: Vec<u32>,
    /// Threads [default: the physical cores].
    #[arg(long)]
    threads: Option<u32>,
    /// Where files lie meanwhile, with room for one of each way; nothing is left
    /// [default: in the data folder].
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    data: DataDir,
}

pub(super) async fn pruning_table(args: PruningTableArgs) -> anyhow::Result<()> {
    let unusable = || format!("{} cannot be pruned", args.model.display());
    check_model(&args.model).with_context(unusable)?;
    let base = args.model.canonicalize().with_context(unusable)?;
    let ratios: Result<Vec<_>, _> = args
        .ratios
        .into_iter()
        .map(PruningRatio::try_from)
        .collect();
    let ratios = ratios?;
    let _machine = take_machine(&ProgressBar::hidden()).await?;
    // Not before: whoever ends it while it waits finds nothing.
    let place = Place::open(args.folder.as_deref(), &args.data)?;
    let machine = tokio::task::spawn_blocking(MachineFacts::read).await?;
    let most = ratios.iter().copied().max();
    let mut table = PruningTable {
        launcher: &WorkerLauncher::current_program()?,
        base: &base,
        folder: place.folder(),
        n_calibration_chunks: args.calibration,
        n_chunks: &args.chunks,
        searched: BlockSearch::default(),
        n_threads: args.threads.unwrap_or_else(|| machine.default_threads()),
    };
    let mut searching_s = None;
    let by_search = [
        Pruner::Method(PruningMethod::Depth),
        Pruner::Yardstick(Yardstick::Blocks),
    ];
    if let Some(most) = most
        && args.by.iter().any(|pruner| by_search.contains(pruner))
    {
        let start = Instant::now();
        table.searched = ended_or(table.search(most, tries())).await?;
        searching_s = Some(start.elapsed().as_secs_f64());
    }
    print_head(&args.chunks);
    for ratio in ratios {
        for row in &ended_or(table.rows(ratio, &args.by, tries())).await? {
            print_row(ratio, row, args.chunks.len());
        }
    }
    if let (Some(seconds), Some(most)) = (searching_s, most) {
        println!("\nBlocks were searched for once for all ratios, up to {most}: {seconds:.1} s.");
    }
    Ok(())
}

async fn ended_or<T>(work: impl Future<Output = Result<T, WorkerError>>) -> anyhow::Result<T> {
    tokio::select! {
        done = work => Ok(done?),
        () = asked_to_end() => bail!("ended; nothing is left of what was being pruned"),
    }
}

/// Where files lie meanwhile: what is made there is nobody else's business.
enum Place {
    /// In the data folder, which its owner alone can read: what a killed one left
    /// goes when the next server starts.
    Data(PathBuf),
    /// In a folder of its own below the one that was given; gone with this.
    Own(PathBuf),
}

impl Place {
    fn open(given: Option<&Path>, data: &DataDir) -> anyhow::Result<Self> {
        let Some(given) = given else {
            return Ok(Self::Data(data.open()?.cache()));
        };
        let unusable = || format!("{} cannot be used", given.display());
        let given = given.canonicalize().with_context(unusable)?;
        let own = given.join(format!("whittle-pruning-table-{}", std::process::id()));
        // Nobody else's: one that is there already is not taken.
        let made = DirBuilder::new().mode(0o700).create(&own);
        made.with_context(|| format!("{} cannot be made", own.display()))?;
        Ok(Self::Own(own))
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Data(folder) | Self::Own(folder) => folder,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Own(folder) = self
            && let Err(error) = fs::remove_dir_all(&*folder)
        {
            eprintln!("{} cannot be removed: {error}", folder.display());
        }
    }
}

fn print_head(chunks: &[u32]) {
    let of = |n: &u32| format!(" perplexity over the model's, first {n} chunks |");
    let columns: String = chunks.iter().map(of).collect();
    println!("| ratio | by | achieved | parameters, M |{columns} time, s |");
    println!("|---|---|---|---|{}---|", "---|".repeat(chunks.len()));
}

fn print_row(ratio: PruningRatio, row: &PruningRow, n_columns: usize) {
    let ratios = row
        .ln_perplexity_ratio
        .iter()
        .map(|estimate| match estimate {
            Ok(estimate) => format!(" {} |", times(estimate)),
            Err(reason) => format!(" {reason} |"),
        });
    let not_read = n_columns - row.ln_perplexity_ratio.len();
    let ratios = ratios.chain(iter::repeat_n(" not read |".to_owned(), not_read));
    let is_searched = matches!(
        row.pruner,
        Pruner::Method(PruningMethod::Depth) | Pruner::Yardstick(Yardstick::Blocks)
    );
    let seconds = match is_searched {
        true => format!("{:.1} after the search", row.cut.prune_s),
        false => format!("{:.1}", row.cut.prune_s),
    };
    println!(
        "| {ratio} | {} | {:.2} % | {:.1} |{} {seconds} |",
        name(row.pruner),
        row.cut.achieved_pruning_ratio * 100.0,
        row.cut.params_after as f64 / 1e6,
        ratios.collect::<String>(),
    );
}

/// A ratio with its interval.
fn times(ln: &Estimate) -> String {
    let shown = |ln: f64| match ln.exp() {
        ratio if ratio < 100.0 => format!("{ratio:.3}"),
        ratio => units::number(ratio),
    };
    match (ln.low, ln.high) {
        (Some(low), Some(high)) => {
            format!("×{} ({} to {})", shown(ln.value), shown(low), shown(high))
        }
        _ => format!("×{}", shown(ln.value)),
    }
}

/// Tells each try of a search, once: it also tells each block that a try went through.
fn tries() -> impl FnMut(Pruner, &PruningProgress) + Send {
    let mut told = None;
    move |pruner, progress| {
        if let PruningProgress::Search { done, of, point } = progress
            && told.replace(*done) != Some(*done)
        {
            eprintln!(
                "{}: try {done} of {of}, {:.1} % removed, perplexity {}",
                name(pruner),
                point.removed_share * 100.0,
                units::number(point.perplexity)
            );
        }
    }
}

const PRUNERS: [(&str, Pruner); 7] = [
    ("norm", by_neurons(NeuronScore::Norm)),
    ("wanda-sp", by_neurons(NeuronScore::WandaSp)),
    ("flap", by_neurons(NeuronScore::Flap)),
    ("blocks", Pruner::Yardstick(Yardstick::Blocks)),
    ("width", Pruner::Method(PruningMethod::Width)),
    ("depth", Pruner::Method(PruningMethod::Depth)),
    ("auto", Pruner::Method(PruningMethod::Auto)),
];

const fn by_neurons(score: NeuronScore) -> Pruner {
    Pruner::Yardstick(Yardstick::Neurons(score))
}

fn name(pruner: Pruner) -> &'static str {
    let found = PRUNERS.iter().find(|(_, other)| *other == pruner);
    found.map_or("?", |(name, _)| name)
}

fn pruner(word: &str) -> Result<Pruner, String> {
    let found = PRUNERS.iter().find(|(name, _)| *name == word);
    found.map(|(_, pruner)| *pruner).ok_or_else(|| {
        let names: Vec<&str> = PRUNERS.iter().map(|(name, _)| *name).collect();
        format!("{word:?} is none of {}", names.join(", "))
    })
}
