//! What is said of a variant: before it is made, and of what was made.

use std::time::Duration;

use crate::bench::Variant;
use crate::domain::defaults::PROMPTS;
use crate::domain::model::Model;
use crate::domain::printable::on_one_line;
use crate::domain::pruning::{PruningCheck, PruningReport};
use crate::domain::units;
use crate::domain::variant::{VariantForecast, VariantRecord, size_words};

/// Says what will become of the model, and what to know of it, before it is made: apart
/// from what is printed of it when it is there.
pub(super) fn tell(forecast: &VariantForecast, base: &Model) {
    let words = forecast.pruned_in_words();
    let words = words.unwrap_or_else(|| size_words(forecast.size_bytes, Some(base.size_mb())));
    eprintln!("{words}");
    for warning in &forecast.warnings {
        eprintln!("Note: {warning}");
    }
}

/// Prints what was made, and how long that took; none: it was there.
pub(super) fn print(variant: &Variant, took: Option<Duration>) {
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
    println!("{}", shrunk(record.base.size_bytes, model.size_bytes));
    if let Some(report) = &record.pruning {
        print_pruning(report);
    }
    if let Some(took) = took {
        println!("Made in {} in all", units::duration(took.as_secs_f64()));
    }
    print_record(record);
}

/// `The whole file: 270.9 to 91.70 MB, 66.2 % smaller`.
fn shrunk(before: u64, after: u64) -> String {
    let [mb_before, mb_after] = [before, after].map(|bytes| units::number(bytes as f64 / 1e6));
    let change = (1.0 - after as f64 / before.max(1) as f64) * 100.0;
    let word = if change < 0.0 { "larger" } else { "smaller" };
    let change = change.abs();
    format!("The whole file: {mb_before} to {mb_after} MB, {change:.1} % {word}")
}

fn print_pruning(report: &PruningReport) {
    let PruningReport { cut, check } = report;
    println!(
        "Removed {:.1} % of the weights of the blocks: {} to {} parameters, {} to {} MB before any quantizing ({})",
        cut.achieved_pruning_ratio * 100.0,
        units::parameters(cut.params_before),
        units::parameters(cut.params_after),
        units::number(cut.bytes_before as f64 / 1e6),
        units::number(cut.bytes_after as f64 / 1e6),
        units::less(cut.file_share()),
    );
    println!("{}", cut.layers_in_words());
    let pruned_in = units::duration(cut.prune_s);
    println!("{}, in {pruned_in}", cut.chosen_in_words());
    if let Some(known) = cut.known_in_words() {
        println!("{known}");
    }
    println!("{}", check_words(check));
    if let Some(answer) = &check.answer {
        // A model may say anything: what a terminal would act on is written out.
        let [base, pruned] = answer.whole().map(|text| on_one_line(&text));
        println!("Asked: {}", PROMPTS[0]);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_against_the_whole_one_before() {
        assert_eq!(
            shrunk(270_900_000, 91_700_000),
            "The whole file: 270.9 to 91.70 MB, 66.1 % smaller"
        );
        assert_eq!(
            shrunk(100_000_000, 150_000_000),
            "The whole file: 100.0 to 150.0 MB, 50.0 % larger"
        );
    }
}
