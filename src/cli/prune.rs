//! `whittle prune`: a pruned variant of a model, made once and kept.

use clap::Args;

use super::making::{MakingArgs, make};
use crate::domain::loss_budget::{BadBudget, LossBudget};
use crate::domain::pruning::{BadRatio, Prune, PruningMethod, PruningRatio};
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    #[command(flatten)]
    making: MakingArgs,
    /// The share of the blocks' weights to remove, 0.1 to 0.5, met within a point.
    #[arg(long, value_parser = ratio, allow_negative_numbers = true)]
    ratio: PruningRatio,
    /// What is removed: width (neurons of every feed-forward network, and from 0.45 on
    /// attention heads), depth (whole blocks, and some neurons where blocks alone miss the
    /// ratio by more than a point) or auto (as much of each as costs least for each weight
    /// that goes).
    #[arg(long, default_value_t = PruningMethod::default())]
    method: PruningMethod,
    /// Read less of the calibration text, and try fewer blocks: done sooner, and more is
    /// lost.
    #[arg(long)]
    quick: bool,
    /// By depth: remove blocks until the next would make the perplexity more than so
    /// many times the model's, 1.01 to 10 [default: until the ratio is reached].
    #[arg(long, value_name = "TIMES", value_parser = budget, allow_negative_numbers = true)]
    loss_budget: Option<LossBudget>,
    /// Quantize the pruned model to this type: q4_0, q8_0, q4_k_m, …
    #[arg(long, value_name = "TYPE")]
    then: Option<QuantizationType>,
    /// Write a model that is quantized as F16 first, and prune it as that: neurons go one by
    /// one, and what stays is refitted. The file is of F16 weights unless --then says
    /// otherwise, and what quantizing lost stays lost.
    #[arg(long)]
    upcast: bool,
}

pub(super) async fn prune(args: PruneArgs) -> anyhow::Result<()> {
    let recipe = Recipe {
        prune: Some(Prune {
            method: args.method,
            ratio: args.ratio,
            quick: args.quick,
            loss_budget: args.loss_budget,
            upcast: args.upcast,
        }),
        quantize: args.then.map(Quantize::to),
    };
    make(&args.making, &recipe).await
}

/// A share as it is written on the command line.
pub(super) fn ratio(text: &str) -> Result<PruningRatio, String> {
    let share: f64 = text
        .parse()
        .map_err(|_| format!("{text:?} is no number; write a share such as 0.3"))?;
    PruningRatio::try_from(share).map_err(|error: BadRatio| error.to_string())
}

/// How much may be lost, as it is written on the command line.
pub(super) fn budget(text: &str) -> Result<LossBudget, String> {
    let ratio: f64 = text
        .parse()
        .map_err(|_| format!("{text:?} is no number; write a perplexity ratio such as 1.5"))?;
    LossBudget::try_from(ratio).map_err(|error: BadBudget| error.to_string())
}
