//! A comparison as a table: a line for each quantity of each variant, notes below.

use super::table::aligned;
use crate::domain::benchmark::ArmResult;
use crate::domain::compare::{Improvement, NoiseBand, Quantity, VariantComparison};
use crate::domain::defaults::ITERATIONS_CAREFUL;
use crate::domain::metrics::Reading;
use crate::domain::quality::{self, Loss, Perplexity, Quality, names};
use crate::domain::run::{GenerationMode, Run, RunSettings};
use crate::domain::units;

/// The table of a run.
pub(super) fn table(run: &Run) -> String {
    let mut rows = vec![
        [
            "",
            "",
            "baseline",
            "variant",
            "change",
            "95 % interval",
            "noise",
            "",
        ]
        .map(str::to_owned),
    ];
    let comparison = run.comparison.as_ref();
    let variants = comparison.iter().flat_map(|one| &one.variants);
    for (variant, arm) in variants.zip(run.arms.iter().skip(1)) {
        let name = arm.label();
        for improvement in &variant.improvements {
            let mut row = row(&name, improvement);
            if improvement.quantity == Quantity::ResponseTime {
                say_work(&mut row, &run.spec.settings, [&run.arms[0], arm]);
            }
            rows.push(row);
        }
        let baseline = comparison.and_then(|one| one.baseline_perplexity.as_ref());
        rows.extend(quality_rows(&name, variant, baseline));
    }
    with_run(run, &aligned(&rows), notes(run))
}

/// A table with the run that it is of, the machine, and what a reader should know.
pub(super) fn with_run(run: &Run, table: &str, notes: Vec<String>) -> String {
    let (name, kind) = (&run.model.name, run.model.kind());
    let mut text = format!("{name} ({kind}), run {}\n{table}", run.id);
    if let Some(environment) = &run.environment {
        text.push_str(&format!("Measured on {}\n", environment.in_words()));
    }
    for note in notes {
        text.push_str(&format!("Note: {note}\n"));
    }
    text
}

fn row(name: &str, improvement: &Improvement) -> [String; 8] {
    let quantity = improvement.quantity;
    let is_judged = improvement.not_judged.is_none();
    let change = improvement.change.value().filter(|_| is_judged);
    let ends = change.and_then(|change| Some((change.low_percent?, change.high_percent?)));
    let verdict = match (&improvement.change, improvement.verdict) {
        (Reading::NotMeasured(reason), _) => format!("not measured: {reason}"),
        _ if !is_judged => format!(
            "not judged: {}",
            improvement.not_judged.as_deref().unwrap_or_default()
        ),
        (_, verdict) => verdict.map_or("", |verdict| verdict.words()).to_owned(),
    };
    [
        name.to_owned(),
        quantity.label().to_owned(),
        figure(quantity, improvement.baseline),
        figure(quantity, improvement.variant),
        change.map_or_else(|| "–".to_owned(), |change| signed(change.ratio_percent())),
        ends.map_or_else(String::new, |(low, high)| in_ratio(quantity, low, high)),
        improvement
            .band
            .map_or_else(String::new, |band| noise(quantity, &band)),
        verdict,
    ]
}

/// With its unit.
pub(super) fn figure(quantity: Quantity, value: Option<f64>) -> String {
    match value {
        Some(value) => format!("{} {}", units::number(value), quantity.unit()),
        None => "–".to_owned(),
    }
}

/// What response times are the times for; at natural stop each for its own.
fn say_work(row: &mut [String; 8], settings: &RunSettings, arms: [&ArmResult; 2]) {
    match settings.mode {
        GenerationMode::FixedLength => {
            let tokens = units::plural(settings.max_tokens.into(), "token", "tokens");
            row[1] = format!("{} ({tokens})", row[1]);
        }
        GenerationMode::NaturalStop => {
            for (cell, arm) in row[2..4].iter_mut().zip(arms) {
                if let Some(tokens) = arm.tokens_generated {
                    *cell = format!("{cell} ({})", tokens.in_words());
                }
            }
        }
    }
}

/// The interval of the change itself: with its own sign, not with that of the
/// improvement.
fn in_ratio(quantity: Quantity, low: f64, high: f64) -> String {
    let (low, high) = own_signs(quantity, low, high);
    format!("{} to {}", signed(low), signed(high))
}

/// The noise of a quantity, %.
pub(super) fn noise(quantity: Quantity, band: &NoiseBand) -> String {
    let (low, high) = own_signs(quantity, band.low_percent, band.high_percent);
    let assumed = if band.n_launches.is_none() {
        ", assumed"
    } else {
        ""
    };
    format!("{} to {}{assumed}", signed(low), signed(high))
}

/// Of an improvement from `low` to `high`, the change of the quantity.
fn own_signs(quantity: Quantity, low: f64, high: f64) -> (f64, f64) {
    match quantity.higher_is_better() {
        true => (low, high),
        false => (-high, -low),
    }
}

fn signed(percent: f64) -> String {
    format!("{percent:+.1} %")
}

fn quality_rows(
    name: &str,
    variant: &VariantComparison,
    baseline: Option<&Reading<Perplexity>>,
) -> Vec<[String; 8]> {
    let line = |label: &str, value: String, interval: String, words: &str| {
        let row = [name, label, "", &value, "", &interval, "", words];
        row.map(str::to_owned)
    };
    let quality: &Quality = match &variant.quality {
        None => return Vec::new(),
        Some(Reading::NotMeasured(reason)) => {
            let reason = format!("not measured: {reason}");
            return vec![line("Quality", String::new(), String::new(), &reason)];
        }
        Some(Reading::Measured(quality)) => quality,
    };
    let interval = |estimate: &quality::Estimate, scale: f64| {
        let ends = estimate.low.zip(estimate.high);
        let shown = |(low, high)| format!("{:.4} to {:.4}", low * scale, high * scale);
        ends.map(shown).unwrap_or_default()
    };
    let number = |value: f64| format!("{value:.4}");
    let loss = Loss::of(quality.mean_kld.value).words().0;
    let same = &quality.same_top_token;
    vec![
        perplexity_row(name, quality, baseline.and_then(Reading::value)),
        line(
            names::MEAN_KLD,
            number(quality.mean_kld.value),
            interval(&quality.mean_kld, 1.0),
            loss,
        ),
        line(
            names::SAME_TOP_TOKEN,
            format!("{:.2} %", same.value * 100.0),
            interval(same, 100.0),
            "",
        ),
    ]
}

/// With its change, paired by token.
fn perplexity_row(name: &str, quality: &Quality, baseline: Option<&Perplexity>) -> [String; 8] {
    let shown = |perplexity: &Perplexity| format!("{:.4}", perplexity.perplexity.value);
    let change = |ln_ratio: f64| signed((ln_ratio.exp() - 1.0) * 100.0);
    let ln_ratio = &quality.ln_perplexity_ratio;
    let ends = ln_ratio.low.zip(ln_ratio.high);
    [
        name.to_owned(),
        names::PERPLEXITY.to_owned(),
        baseline.map_or_else(|| "–".to_owned(), shown),
        shown(&quality.perplexity),
        change(ln_ratio.value),
        ends.map_or_else(String::new, |(low, high)| {
            format!("{} to {}", change(low), change(high))
        }),
        String::new(),
        quality.perplexity_words().to_owned(),
    ]
}

/// Why a change is not that of the two figures beside it.
const PAIRED: &str = "A change is the mean over pairs of launches that took turns; the figures \
                      beside it are each model's own mean.";

fn notes(run: &Run) -> Vec<String> {
    let mut notes = Vec::new();
    // Speed alone would be half of what a cut does.
    for arm in &run.arms {
        let variant = arm.model.variant.as_ref();
        if let Some(report) = variant.and_then(|variant| variant.pruning.as_ref()) {
            notes.push(format!("{}: {}.", arm.label(), report.in_words()));
        }
    }
    if let Some(comparison) = &run.comparison {
        notes.push(PAIRED.to_owned());
        if comparison.assumes_noise() && comparison.noise_launches().is_none() {
            notes.push(
                "The noise is assumed until this model has been measured against itself with \
                 these prompts and settings: `whittle noise MODEL` with the same options does it."
                    .to_owned(),
            );
        }
        if comparison.is_undecided() && run.spec.settings.iterations < ITERATIONS_CAREFUL {
            notes.push(format!(
                "What is undecided may be told by more launches: --iterations {ITERATIONS_CAREFUL}."
            ));
        }
    }
    notes.extend(said(run));
    notes
}

/// What a reader should know before trusting a run.
pub(super) fn said(run: &Run) -> Vec<String> {
    let mut notes = run.warnings();
    let disturbances = run.disturbances().into_iter();
    notes.extend(disturbances.map(|reason| format!("Unstable: {reason}")));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perplexity_has_its_change_and_what_that_means() {
        let row = perplexity_row("Q4_0", &Quality::sample(0.09, 0.11, 40), None);
        let [_, _, baseline, variant, change, interval, _, verdict] = row;
        assert_eq!((baseline.as_str(), variant.as_str()), ("–", "21.0000"));
        assert_eq!(change, "+10.5 %");
        assert_eq!(interval, "+9.4 % to +11.6 %");
        assert_eq!(verdict, "worse");
        let unclear = perplexity_row("Q4_0", &Quality::sample(-0.1, 0.3, 40), None);
        assert_eq!(unclear[7], "undecided, needs more text");
    }
}
