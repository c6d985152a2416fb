//! `whittle quantize`: a quantized variant of a model, made once and kept.

use clap::Args;

use super::making::{MakingArgs, make};
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};

#[derive(Debug, Args)]
pub(super) struct QuantizeArgs {
    #[command(flatten)]
    making: MakingArgs,
    /// To which type: q4_0, q5_0, q8_0, q4_k_m, …
    #[arg(long = "type", value_name = "TYPE")]
    level: QuantizationType,
    /// Weigh errors by an importance matrix, collected on a built-in text.
    #[arg(long)]
    imatrix: bool,
}

pub(super) async fn quantize(args: QuantizeArgs) -> anyhow::Result<()> {
    let recipe = Recipe {
        quantize: Some(Quantize {
            level: args.level,
            imatrix: args.imatrix,
        }),
        ..Recipe::default()
    };
    make(&args.making, &recipe).await
}
