//! A variant on the command line: made while its progress is shown, and printed.

use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::run_args::locate;
use crate::bench::{Making, Variant};
use crate::domain::defaults::PROMPTS;
use crate::domain::pruning::{PruningCheck, PruningReport};
use crate::domain::recipe::Recipe;
use crate::domain::units;
use crate::domain::variant::VariantRecord;
use crate::library::DataFolder;
use crate::server::asked_to_end;

/// Makes the variant of `model` (an id or a path), or finds it, and prints it.
pub(super) async fn make(
    data_dir: PathBuf,
    model: String,
    recipe: &Recipe,
    is_json: bool,
) -> anyhow::Result<()> {
    let data = DataFolder::open(&data_dir)?;
    let state = crate::server::open_state(&data).await?;
    let located = locate(&state, model).await?;
    let bar = bar();
    let on_wait = || {
        bar.set_message(
            "waiting: the machine is busy with a measurement, or with reading a new model",
        );
    };
    let made = tokio::select! {
        made = state.make_variant(&located, recipe, on_wait, |making| show(&bar, &making)) => made,
        // Dropping the making ends its worker and removes what it wrote.
        () = asked_to_end() => bail!("ended before the variant was made; nothing is left of it"),
    };
    bar.finish_and_clear();
    let variant = made?;
    if is_json {
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
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}  {eta}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, making: &Making) {
    let (step, done, of) = making.step();
    let found = making.point().map(|point| {
        format!(
            ": {:.1} % removed, perplexity {}",
            point.removed_share * 100.0,
            units::number(point.perplexity)
        )
    });
    bar.set_length(of.into());
    bar.set_position(done.into());
    bar.set_message(format!("{}{}", step.words(), found.unwrap_or_default()));
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
    if let Some(report) = &record.pruning {
        print_pruning(report);
    }
    print_record(record);
}

fn print_pruning(report: &PruningReport) {
    let PruningReport { cut, check } = report;
    println!(
        "Removed {:.1} % of the weights of the blocks: {} to {} parameters, {} to {} MB before any quantizing",
        cut.achieved_pruning_ratio * 100.0,
        units::parameters(cut.params_before),
        units::parameters(cut.params_after),
        units::number(cut.bytes_before as f64 / 1e6),
        units::number(cut.bytes_after as f64 / 1e6),
    );
    println!("{}", cut.layers_in_words());
    println!("{}", check_words(check));
    if let Some(answer) = &check.answer {
        // A model may say anything: what a terminal would act on is written out.
        let [base, pruned] = answer.whole().map(|text| text.escape_debug().to_string());
        println!("Asked {:?}", PROMPTS[0]);
        println!("  before: {base}");
        println!("  after:  {pruned}");
    }
}

fn check_words(check: &PruningCheck) -> String {
    format!(
        "Perplexity {}, {} times the base's {}, on {} of text that it was not made by",
        units::number(check.perplexity),
        units::number(check.ratio()),
        units::number(check.base_perplexity),
        units::plural(check.n_chunks.into(), "chunk", "chunks"),
    )
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
