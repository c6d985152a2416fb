//! `whittle quantize`: a variant of a model, made once and kept.

use std::io::IsTerminal;

use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::DataDir;
use super::run_args::locate;
use crate::bench::{Making, Variant};
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};
use crate::domain::units;
use crate::domain::variant::VariantRecord;
use crate::library::DataFolder;
use crate::server::asked_to_end;

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
    let data = DataFolder::open(&args.data.path())?;
    let state = crate::server::open_state(&data).await?;
    let located = locate(&state, args.model).await?;
    let recipe = Recipe {
        quantize: Some(Quantize {
            level: args.level,
            imatrix: args.imatrix,
        }),
    };
    let bar = bar();
    let on_wait = || {
        bar.set_message(
            "waiting: the machine is busy with a measurement, or with reading a new model",
        );
    };
    let made = tokio::select! {
        made = state.make_variant(&located, &recipe, on_wait, |making| show(&bar, &making)) => made,
        // Dropping the making ends its worker and removes what it wrote.
        () = asked_to_end() => bail!("ended before the variant was made; nothing is left of it"),
    };
    bar.finish_and_clear();
    let variant = made?;
    if args.json {
        let variant = json!({"path": variant.path, "model": variant.model});
        println!("{}", serde_json::to_string_pretty(&variant)?);
    } else {
        print(&variant);
    }
    Ok(())
}

/// Shows progress on a terminal, and nothing in a pipe.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, making: &Making) {
    let (done, of, words) = match making {
        Making::Imatrix(done, of) => (*done, *of, "collecting the importance matrix"),
        Making::Tensors(done, of) => (*done, *of, "quantizing"),
        Making::Hashing => (1, 1, "reading the file for its hash"),
    };
    bar.set_length(of.into());
    bar.set_position(done.into());
    bar.set_message(words);
}

fn print(variant: &Variant) {
    let Variant { model, path } = variant;
    println!("{}", path.display());
    let bits = model.bits_per_weight().map_or_else(String::new, |bits| {
        format!(", {} bits per weight", units::number(bits))
    });
    println!(
        "{} ({}): {} MB{bits}, id {}",
        model.name,
        model.kind(),
        units::number(model.size_mb()),
        model.id
    );
    let Some(record) = &model.variant else { return };
    print_record(record);
}

fn print_record(record: &VariantRecord) {
    for share in &record.tensor_types {
        println!(
            "{:8}{}, {} MB",
            share.name,
            units::plural(share.n_tensors.into(), "tensor", "tensors"),
            units::number(share.n_bytes as f64 / 1e6)
        );
    }
    for fallback in &record.fallbacks {
        println!("Note: {}", fallback.words());
    }
    for warning in &record.warnings {
        println!("Note: {warning}");
    }
}
