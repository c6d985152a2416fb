//! `whittle quantize`: a quantized variant of a model, made once and kept.

use clap::Args;

use super::DataDir;
use super::making::make;
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};

#[derive(Debug, Args)]
pub(super) struct QuantizeArgs {
    /// A library id, or the path of a .gguf file.
    model: String,
    /// To which type: q4_0, q5_0, q8_0, q4_k_m, …
    #[arg(long = "type", value_name = "TYPE")]
    level: QuantizationType,
    /// Weigh errors by an importance matrix, collected on a built-in text.
    #[arg(long)]
    imatrix: bool,
    /// Print the variant as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataDir,
}

pub(super) async fn quantize(args: QuantizeArgs) -> anyhow::Result<()> {
    let recipe = Recipe {
        quantize: Some(Quantize {
            level: args.level,
            imatrix: args.imatrix,
        }),
        ..Recipe::default()
    };
    make(&args.data, &args.model, &recipe, args.json).await
}
