//! The rows of a comparison: every quantity, and what was lost.

use super::change::{self, Said};
use super::figures;
use super::interval::Mark;
use crate::components::words::{self, kld};
use crate::domain::benchmark::ArmResult;
use crate::domain::compare::{Improvement, NoiseBand, VariantComparison};
use crate::domain::metrics::Reading;
use crate::domain::quality::{Estimate, Loss, Perplexity, Quality, names};
use crate::domain::run::{GenerationMode, RunSettings};
use crate::domain::units;

/// The row whose time depends on how much is generated.
const RESPONSE_TIME: &str = "response_time";

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
    /// How its change is told, where that is not as any other.
    pub(super) told_by: Option<&'static str>,
    /// What a time is the time for.
    pub(super) work: Option<Work>,
    /// The baseline's figure.
    pub(super) baseline: String,
    /// The variant's.
    pub(super) variant: String,
    /// The change.
    pub(super) said: Said,
    /// The change as drawn.
    pub(super) mark: Option<Mark>,
    /// What is promised elsewhere.
    pub(super) claim: Option<String>,
}

impl Row {
    /// Its name and unit, as the head of a column.
    pub(super) fn head(&self) -> String {
        match self.unit {
            "" => self.name.to_owned(),
            unit => format!("{}, {unit}", self.name),
        }
    }
}

/// What the response times of a comparison are the times for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Work {
    /// Of both: `time for 128 tokens`.
    pub(super) said: String,
    /// What the baseline produced in it and what the variant did, where that may
    /// differ.
    pub(super) produced: Option<(String, String)>,
}

impl Work {
    /// Of two arms of a run.
    pub(super) fn of(settings: &RunSettings, baseline: &ArmResult, variant: &ArmResult) -> Self {
        let most = words::plural(settings.max_tokens.into(), "token", "tokens");
        let produced = |arm: &ArmResult| Some(arm.tokens_generated?.in_words());
        match settings.mode {
            GenerationMode::FixedLength => Self {
                said: format!("time for {most}"),
                produced: None,
            },
            GenerationMode::NaturalStop => Self {
                said: format!("natural stop, at most {most}"),
                produced: produced(baseline).zip(produced(variant)),
            },
        }
    }
}

/// All rows of a variant; `work` is what its times are for.
pub(super) fn of(
    variant: &VariantComparison,
    baseline_perplexity: Option<&Reading<Perplexity>>,
    work: Option<&Work>,
) -> Vec<Row> {
    let measured = |improvement: &Improvement| Row {
        claim: figures::typical_claim(improvement.quantity, &variant.recipe),
        ..measured(improvement)
    };
    let mut rows: Vec<Row> = variant.improvements.iter().map(measured).collect();
    let times = rows.iter_mut().filter(|row| row.key == RESPONSE_TIME);
    times.for_each(|row| row.work = work.cloned());
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
    let is_judged = improvement.not_judged.is_none();
    let change = improvement.change.value().filter(|_| is_judged);
    let mark = change.map(|change| Mark {
        at: change.improvement_percent,
        interval: ends(change.low_percent, change.high_percent),
        band: improvement.band.map(band),
    });
    Row {
        key: figures::key(quantity),
        name: quantity.label(),
        unit: quantity.unit(),
        definition: figures::definition(quantity),
        told_by: figures::told_by(quantity),
        work: None,
        baseline: figure(improvement.baseline),
        variant: figure(improvement.variant),
        said: change::of(improvement),
        mark,
        claim: None,
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
        name: names::PERPLEXITY,
        unit: "",
        definition: "exp(mean negative log likelihood) of the second half of every chunk of 512 \
                     tokens, as llama.cpp's perplexity tool defines it. The change is paired by \
                     token, its interval resamples whole chunks. Better or worse: the whole interval \
                     lies beyond 0, on 10 chunks or more. No measurable difference: it lies within \
                     1 %. Else undecided.",
        told_by: None,
        work: None,
        baseline: baseline.map_or_else(
            || "—".to_owned(),
            |known| units::number(known.perplexity.value),
        ),
        variant: units::number(quality.perplexity.perplexity.value),
        said: change::of_perplexity(quality),
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
    name: names::MEAN_KLD,
    unit: "nats",
    definition: "Mean Kullback-Leibler divergence of the variant's next-token distribution from \
                 the baseline's, in nats for each token, over the whole vocabulary: 0 when both \
                 predict the same. Below 0.01 near lossless, below 0.05 good, below 0.3 noticeable, \
                 above heavy loss.",
    told_by: None,
    work: None,
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
    let (word, _) = loss.words();
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
            words: word.to_owned(),
            short: word.to_owned(),
            detail: low.zip(high).map(reach),
        },
        ..DIVERGENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::comparison::headline::sentence;
    use crate::domain::compare::{Change, Quantity, Verdict};
    use crate::domain::recipe::Recipe;

    fn improvement(quantity: Quantity, not_judged: Option<&str>) -> Improvement {
        Improvement {
            quantity,
            baseline: Some(2.0),
            variant: Some(1.0),
            change: Reading::Measured(Change {
                ratio: 0.5,
                improvement_percent: 50.0,
                low_percent: Some(49.0),
                high_percent: Some(51.0),
                n_launches: 3,
            }),
            band: None,
            verdict: not_judged.is_none().then_some(Verdict::Better),
            not_judged: not_judged.map(str::to_owned),
        }
    }

    fn rows(not_judged: Option<&str>, work: &Work) -> Vec<Row> {
        let variant = VariantComparison {
            recipe: Recipe::default(),
            mostly: None,
            improvements: vec![
                improvement(Quantity::ResponseTime, not_judged),
                improvement(Quantity::Memory, None),
            ],
            quality: None,
            answers: Vec::new(),
            right_answers: None,
        };
        of(&variant, None, Some(work))
    }

    #[test]
    fn a_time_says_what_it_is_the_time_for() {
        let fixed = Work {
            said: "time for 128 tokens".to_owned(),
            produced: None,
        };
        let found = rows(None, &fixed);
        assert_eq!((&found[0].work, &found[1].work), (&Some(fixed), &None));
        assert_eq!(
            sentence(&found),
            "better: response time 50.0 %, memory 50.0 %"
        );
    }

    #[test]
    fn times_for_unequal_work_stay_out_of_the_headline() {
        let natural = Work {
            said: "natural stop, at most 128 tokens".to_owned(),
            produced: Some(("41.5 tokens on average".to_owned(), "9 tokens".to_owned())),
        };
        let found = rows(Some("it produced fewer tokens"), &natural);
        assert_eq!(found[0].mark, None);
        assert_eq!(found[0].said.class, "unjudged");
        assert_eq!(sentence(&found), "better: memory 50.0 %");
    }
}
