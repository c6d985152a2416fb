//! The rows of a comparison: every quantity, and what was lost.

use super::change::{self, Said};
use super::figures;
use super::interval::Mark;
use crate::components::words::kld;
use crate::domain::compare::{Improvement, NoiseBand, VariantComparison};
use crate::domain::metrics::Reading;
use crate::domain::quality::{Estimate, Loss, Perplexity, Quality};
use crate::domain::units;

/// One row of the table, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Its name in attributes.
    pub(super) key: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Its unit.
    pub(super) unit: &'static str,
    /// What it means.
    pub(super) definition: &'static str,
    /// The baseline's figure.
    pub(super) baseline: String,
    /// The variant's.
    pub(super) variant: String,
    /// The change.
    pub(super) said: Said,
    /// The change as drawn.
    pub(super) mark: Option<Mark>,
    /// What is promised elsewhere.
    pub(super) claim: Option<&'static str>,
}

/// All rows of a variant.
pub(super) fn of(
    variant: &VariantComparison,
    baseline_perplexity: Option<&Reading<Perplexity>>,
) -> Vec<Row> {
    let mut rows: Vec<Row> = variant.improvements.iter().map(measured).collect();
    match &variant.quality {
        Some(Reading::Measured(quality)) => {
            let baseline = baseline_perplexity.and_then(Reading::value);
            rows.push(perplexity(quality, baseline));
            rows.push(divergence(quality));
        }
        Some(Reading::NotMeasured(reason)) => rows.push(Row {
            baseline: "—".to_owned(),
            variant: "—".to_owned(),
            said: Said::missing(reason),
            mark: None,
            ..DIVERGENCE
        }),
        None => {}
    }
    rows
}

fn measured(improvement: &Improvement) -> Row {
    let quantity = improvement.quantity;
    let figure = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), units::number);
    let ends = |low: Option<f64>, high: Option<f64>| low.zip(high);
    let band = |band: NoiseBand| (band.low_percent, band.high_percent);
    let mark = improvement.change.value().map(|change| Mark {
        at: change.improvement_percent,
        interval: ends(change.low_percent, change.high_percent),
        band: improvement.band.map(band),
    });
    Row {
        key: figures::key(quantity),
        name: quantity.label(),
        unit: quantity.unit(),
        definition: figures::definition(quantity),
        baseline: figure(improvement.baseline),
        variant: figure(improvement.variant),
        said: change::of(improvement),
        mark,
        claim: figures::typical_claim(quantity),
    }
}

fn perplexity(quality: &Quality, baseline: Option<&Perplexity>) -> Row {
    let Estimate {
        value, low, high, ..
    } = quality.ln_perplexity_ratio;
    let interval = low.zip(high);
    // Lower is better: the upper end of the ratio is the worse one.
    let percent = |(low, high)| (change::percent_of(high), change::percent_of(low));
    Row {
        key: "perplexity",
        name: "Perplexity",
        unit: "",
        definition: "exp(mean negative log likelihood) of the second half of every chunk of 512 \
                     tokens, as llama.cpp's perplexity tool defines it. The change is paired by \
                     token, its interval resamples whole chunks.",
        baseline: baseline.map_or_else(
            || "—".to_owned(),
            |known| units::number(known.perplexity.value),
        ),
        variant: units::number(quality.perplexity.perplexity.value),
        said: change::of_perplexity(&quality.ln_perplexity_ratio),
        mark: Some(Mark {
            at: change::percent_of(value),
            interval: interval.map(percent),
            band: None,
        }),
        claim: None,
    }
}

const DIVERGENCE: Row = Row {
    key: "mean_kld",
    name: "Divergence",
    unit: "nats a token, mean KLD",
    definition: "Mean Kullback-Leibler divergence of the variant's next-token distribution from \
                 the baseline's, over the whole vocabulary: 0 when both predict the same. Below \
                 0.01 near lossless, below 0.05 good, below 0.3 noticeable, above heavy loss.",
    baseline: String::new(),
    variant: String::new(),
    said: Said {
        class: "same",
        arrow: "",
        words: String::new(),
        short: String::new(),
        detail: None,
    },
    mark: None,
    claim: None,
};

fn divergence(quality: &Quality) -> Row {
    let Estimate {
        value, low, high, ..
    } = quality.mean_kld;
    let loss = Loss::of(value);
    let (words, _) = loss.words();
    let class = match loss {
        Loss::NearLossless | Loss::Good => "same",
        Loss::Noticeable | Loss::Heavy => "worse",
    };
    let reach = |(low, high)| format!("{} to {}", kld(low), kld(high));
    Row {
        baseline: "0".to_owned(),
        variant: kld(value),
        said: Said {
            class,
            arrow: "",
            words: words.to_owned(),
            short: words.to_owned(),
            detail: low.zip(high).map(reach),
        },
        ..DIVERGENCE
    }
}
