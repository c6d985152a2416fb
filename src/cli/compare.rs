//! `whittle compare`: variants against their model.

use std::path::{Path, PathBuf};

use clap::Args;

use super::compare_print::table;
use super::follow::measured;
use super::given;
use super::prune::{budget, ratio};
use super::run_args::RunArgs;
use crate::domain::loss_budget::LossBudget;
use crate::domain::pruning::{Prune, PruningMethod, PruningRatio};
use crate::domain::quality::EvaluationText;
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};
use crate::domain::run::RunRequest;

/// What is said below the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  whittle compare MODEL --quantize q4_0,q8_0
  whittle compare MODEL --prune 0.2,0.3 --quality
  whittle compare MODEL --prune 0.3 --quick --then q8_0";

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    variants: VariantArgs,
    /// What is removed: width, depth or auto.
    #[arg(long, default_value_t = PruningMethod::default(), requires = "prune")]
    method: PruningMethod,
    /// Prune more quickly: read less of the calibration text, and try fewer blocks; more is
    /// lost.
    #[arg(long, requires = "prune")]
    quick: bool,
    /// By depth: remove blocks until the next would make the perplexity more than so
    /// many times the model's, 1.01 to 10 [default: until the ratio is reached].
    #[arg(
        long,
        value_name = "TIMES",
        value_parser = budget,
        allow_negative_numbers = true,
        requires = "prune"
    )]
    loss_budget: Option<LossBudget>,
    /// Quantize what is pruned to this type: q4_0, q8_0, q4_k_m, …
    #[arg(long, value_name = "TYPE", requires = "prune")]
    then: Option<QuantizationType>,
    /// Write a model that is quantized as F16 before it is pruned: neurons go one by one,
    /// and what stays is refitted.
    #[arg(long, requires = "prune")]
    upcast: bool,
    /// Quantize with an importance matrix; some levels always need it, and f16 and
    /// bf16, which quantize nothing, take none.
    #[arg(long)]
    imatrix: bool,
    /// Also measure what the variants lose.
    #[arg(long)]
    quality: bool,
    /// Chunks of 512 tokens that quality is measured on [default: 40].
    #[arg(long, requires = "quality", allow_negative_numbers = true)]
    chunks: Option<i64>,
    /// The text that quality is measured on [default: the built-in one].
    #[arg(long, value_name = "FILE", requires = "quality")]
    text: Option<PathBuf>,
}

// Without either there is nothing to compare.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct VariantArgs {
    /// The levels to quantize it to, such as q4_0,q5_0,q8_0; or --prune, or both.
    #[arg(long, value_name = "LEVELS", value_delimiter = ',')]
    quantize: Vec<QuantizationType>,
    /// The shares of the blocks' weights to remove by pruning it, such as 0.2,0.3; or
    /// --quantize, or both.
    #[arg(
        long,
        value_name = "RATIOS",
        value_delimiter = ',',
        value_parser = ratio,
        allow_negative_numbers = true
    )]
    prune: Vec<PruningRatio>,
}

pub(super) async fn compare(args: CompareArgs) -> anyhow::Result<()> {
    let quantize_to = |level: QuantizationType| Quantize {
        level,
        imatrix: (args.imatrix && !level.is_unquantized()) || level.needs_imatrix(),
    };
    let quantized = |level: &QuantizationType| Recipe {
        quantize: Some(quantize_to(*level)),
        ..Recipe::default()
    };
    let pruned = |ratio: &PruningRatio| Recipe {
        prune: Some(Prune {
            method: args.method,
            ratio: *ratio,
            quick: args.quick,
            loss_budget: args.loss_budget,
            upcast: args.upcast,
        }),
        quantize: args.then.map(quantize_to),
    };
    let VariantArgs { quantize, prune } = &args.variants;
    let recipes = quantize.iter().map(quantized);
    let recipes = recipes.chain(prune.iter().map(pruned)).collect();
    let text = args.text.as_deref().map(read).transpose()?;
    let state = args.run.open().await?;
    let request = RunRequest {
        recipes: Some(recipes),
        quality: Some(args.quality),
        quality_chunks: args.chunks,
        evaluation_text: text,
        ..args.run.request(&state).await?
    };
    args.run.checked(request.clone())?;
    let spec = state.spec(request).await?;
    let located = args.run.locate(&state).await?;
    let run = measured(&state, spec, located, args.run.conduct()).await?;
    if args.run.json {
        println!("{}", serde_json::to_string_pretty(&run)?);
    } else {
        print!("{}", table(&run));
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<EvaluationText> {
    let name = file.file_name().map(|name| name.to_string_lossy());
    Ok(EvaluationText {
        name: name.unwrap_or_default().into_owned(),
        text: given::text("--text", file)?,
    })
}
