//! The command line: what can be asked for, and where it is answered.

mod address;
mod bench;
mod closed_output;
mod compare;
mod compare_print;
mod flags;
mod follow;
mod given;
mod making;
mod making_print;
mod model;
mod noise;
mod prompts;
mod prune;
mod pruning_table;
mod quality;
mod quality_print;
mod quantize;
mod run_args;
mod table;
mod upcast;
mod verdicts;
mod waiting;

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::library::{DataFolder, OllamaAddress, OllamaOptions};
use crate::server::{Idleness, ServeOptions, serve};

/// Cuts local language models down and shows what each cut buys and costs.
#[derive(Debug, Parser)]
#[command(name = "whittle", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the dashboard.
    Serve {
        /// Where to listen: a loopback address and a port, or the port alone.
        #[arg(long, default_value = "127.0.0.1:8320", value_parser = address::address)]
        addr: SocketAddr,
        #[command(flatten)]
        data: DataDir,
        /// A folder with .gguf files; repeatable, remembered.
        #[arg(long, value_name = "DIR")]
        models: Vec<PathBuf>,
        #[command(flatten)]
        ollama: OllamaArgs,
        /// Measure nothing unasked: otherwise, and unless the settings page says
        /// no, models that were compared are measured against themselves while
        /// the machine is idle.
        #[arg(long)]
        no_background: bool,
    },
    /// Measure a model: the dashboard's figures on the command line.
    Bench(run_args::RunArgs),
    /// Quantize or prune a model and measure the variants against it, in turns.
    #[command(after_help = compare::EXAMPLES)]
    Compare(compare::CompareArgs),
    /// Measure a model against itself: what a difference must leave behind to count.
    #[command(mut_arg("iterations", noise::iterations))]
    Noise(run_args::RunArgs),
    /// Make a quantized variant of a model, or find it as it was made earlier.
    Quantize(quantize::QuantizeArgs),
    /// Make a pruned variant of a model, or find it as it was made earlier.
    Prune(prune::PruneArgs),
    /// Compare variants with their baseline: perplexity, divergence, answers.
    Quality(quality::QualityArgs),
    /// Rewrite a quantized model as F16; what quantizing lost stays lost.
    Upcast {
        /// The model to read.
        source: PathBuf,
        /// The file to write.
        target: PathBuf,
    },
    /// Find out how often verdicts are right, on launches that were recorded.
    #[command(hide = true, subcommand)]
    Verdicts(verdicts::VerdictsCommand),
    /// Measure what each way to prune costs.
    #[command(hide = true)]
    PruningTable(pruning_table::PruningTableArgs),
    /// Compute in a process of its own; started by the others.
    #[command(hide = true)]
    Worker(crate::worker::WorkerOptions),
}

#[derive(Debug, Args)]
struct DataDir {
    /// Where the history and the models are [default: $WHITTLE_DATA, else
    /// $XDG_DATA_HOME/whittle].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct OllamaArgs {
    /// Where Ollama's server is; a loopback address [default: $OLLAMA_HOST,
    /// else http://127.0.0.1:11434].
    #[arg(long, value_name = "URL")]
    ollama: Option<OllamaAddress>,
    /// Where Ollama keeps its models; only read [default: $OLLAMA_MODELS, else
    /// ~/.ollama/models and the folder of Ollama's service].
    #[arg(long, value_name = "DIR")]
    ollama_store: Option<PathBuf>,
}

impl OllamaArgs {
    fn options(self) -> OllamaOptions {
        OllamaOptions {
            server: self.ollama,
            store: self.ollama_store,
        }
    }
}

impl DataDir {
    fn path(&self) -> PathBuf {
        let given = self.data_dir.clone();
        given.unwrap_or_else(DataFolder::default_path)
    }

    /// Opens it, making what is missing.
    fn open(&self) -> anyhow::Result<DataFolder> {
        let named = match self.data_dir {
            Some(_) => "--data-dir",
            None => "the data folder",
        };
        DataFolder::open(&self.path()).map_err(|error| anyhow!("{named}: {error}"))
    }
}

/// Does what the command line asks for.
///
/// # Errors
/// When it cannot be done; the message says why and what to do.
pub fn run() -> anyhow::Result<()> {
    let command = match Cli::parse().command {
        // Its standard error is the engine's log.
        Command::Worker(options) => return crate::worker::run(&options),
        command => command,
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    closed_output::unless_closed(|| obey(command))
}

fn obey(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Worker(options) => crate::worker::run(&options),
        Command::Serve {
            addr,
            data,
            models,
            ollama,
            no_background,
        } => {
            for folder in &models {
                given::folder("--models", folder)?;
            }
            runtime()?.block_on(serve(ServeOptions {
                address: addr,
                data_dir: data.path(),
                models,
                ollama: ollama.options(),
                background: (!no_background).then(Idleness::default),
            }))
        }
        Command::Bench(args) => runtime()?.block_on(bench::bench(args)),
        Command::Compare(args) => runtime()?.block_on(compare::compare(args)),
        Command::Noise(args) => runtime()?.block_on(noise::noise(args)),
        Command::Verdicts(command) => runtime()?.block_on(verdicts::verdicts(command)),
        Command::PruningTable(args) => runtime()?.block_on(pruning_table::pruning_table(args)),
        Command::Quantize(args) => runtime()?.block_on(quantize::quantize(args)),
        Command::Prune(args) => runtime()?.block_on(prune::prune(args)),
        Command::Quality(args) => runtime()?.block_on(quality::quality(args)),
        Command::Upcast { source, target } => runtime()?.block_on(upcast::upcast(&source, &target)),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Cli::command().debug_assert();
    }
}
