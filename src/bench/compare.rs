//! From the launches of all arms to what the variants change.

use super::bootstrap::{Gaps, percentile_ratios};
use super::launch::Launched;
use super::paired;
use super::plan::Arm;
use super::quality::QualityResult;
use super::request_pair::{self, ln};
use super::statistics::Latencies;
use crate::domain::benchmark::ArmResult;
use crate::domain::compare::{Change, Comparison, Improvement, Quantity, VariantComparison};
use crate::domain::latency::Percentiles;
use crate::domain::mcnemar::McNemar;
use crate::domain::metrics::Reading;
use crate::domain::noise::{Noise, Spread};
use crate::domain::sample::{Generation, RequestSample};

/// The percentiles of the gaps between tokens that are compared.
const LATENCIES: [Quantity; 3] = [
    Quantity::TokenLatencyP50,
    Quantity::TokenLatencyP95,
    Quantity::TokenLatencyP99,
];
const QUANTILES: [f64; 3] = [0.50, 0.95, 0.99];

/// All comparisons of a run; none: it has one arm. Nothing is judged yet.
pub(super) async fn compare(
    arms: &[Arm],
    results: &[ArmResult],
    launches: &[Vec<Launched>],
    blocks: Option<String>,
    quality: Option<Result<QualityResult, String>>,
) -> Option<Comparison> {
    let (baseline, base_launches) = (results.first()?, launches.first()?);
    let mut variants = Vec::new();
    for ((arm, result), launches) in arms.iter().zip(results).zip(launches).skip(1) {
        let intervals = latency_intervals(base_launches, launches).await;
        let sides = Sides {
            baseline: (baseline, base_launches),
            variant: (result, launches),
            intervals,
        };
        variants.push(VariantComparison {
            recipe: arm.recipe,
            mostly: mostly(arm),
            improvements: Quantity::ALL
                .map(|quantity| sides.improvement(quantity))
                .into(),
            quality: None,
            right_answers: right_answers(baseline, result),
            answers: Vec::new(),
        });
    }
    if variants.is_empty() {
        return None;
    }
    let mut comparison = Comparison {
        variants,
        blocks,
        baseline_perplexity: None,
        warnings: Vec::new(),
    };
    match quality {
        None => {}
        Some(Ok(found)) => {
            comparison.baseline_perplexity = Some(Reading::Measured(found.baseline.clone()));
            found.fill(&mut comparison.variants);
        }
        Some(Err(reason)) => {
            comparison.baseline_perplexity = Some(Reading::NotMeasured(reason.clone()));
            for variant in &mut comparison.variants {
                variant.quality = Some(Reading::NotMeasured(reason.clone()));
            }
        }
    }
    Some(comparison)
}

/// What a variant's file really holds, where the recipe says something else.
fn mostly(arm: &Arm) -> Option<String> {
    let made = arm.model.variant.as_ref();
    let mostly = made.filter(|_| !arm.recipe.is_baseline())?.mostly()?;
    Some(mostly.to_owned())
}

/// What became right and wrong of the answers that were judged.
fn right_answers(baseline: &ArmResult, variant: &ArmResult) -> Option<McNemar> {
    let answers = baseline.answers.iter().zip(&variant.answers);
    McNemar::of(answers.map(|(before, after)| (before.is_right, after.is_right)))
}

/// What a model shows against itself, launch pair by launch pair.
pub(super) fn noise(one: &[Launched], other: &[Launched]) -> Option<Noise> {
    let spread = |quantity| {
        let half_range = paired::half_range(&log_ratios(quantity, one, other)?)?;
        Some(Spread {
            quantity,
            half_range,
        })
    };
    Some(Noise {
        n_launches: u32::try_from(one.len().min(other.len())).ok()?,
        spreads: Quantity::ALL.into_iter().filter_map(spread).collect(),
    })
}

/// ln(variant / baseline) of each launch pair: the mean over the requests of
/// those that are timed by request. None where a pair lacks it.
pub(super) fn log_ratios(
    quantity: Quantity,
    baseline: &[Launched],
    variant: &[Launched],
) -> Option<Vec<f64>> {
    baseline
        .iter()
        .zip(variant)
        .map(|(baseline, variant)| log_ratio(quantity, baseline, variant))
        .collect()
}

fn log_ratio(quantity: Quantity, baseline: &Launched, variant: &Launched) -> Option<f64> {
    let by_launch = |value: fn(&Launched) -> Option<f64>| ln(value(baseline)?, value(variant)?);
    match quantity {
        Quantity::ResponseTime
        | Quantity::TokensPerSecond
        | Quantity::TimeToFirstToken
        | Quantity::CpuUsage
        | Quantity::CpuSecondsPer1000Tokens => {
            requests_log_ratio(quantity, &baseline.requests, &variant.requests)
        }
        Quantity::PromptTokensPerSecond => {
            by_launch(|l| Some(f64::from(l.launch.prefill.n_tokens) / l.launch.prefill.elapsed_s))
        }
        Quantity::Memory => by_launch(|l| Some(l.launch.memory_measured.peak_rss_bytes? as f64)),
        Quantity::TokenLatencyP50 => by_launch(|l| gap_percentile(l, 0.50)),
        Quantity::TokenLatencyP95 => by_launch(|l| gap_percentile(l, 0.95)),
        Quantity::TokenLatencyP99 => by_launch(|l| gap_percentile(l, 0.99)),
        Quantity::ModelSize => None,
    }
}

/// The mean over the requests of a launch pair of ln(variant / baseline) of a
/// quantity that is timed by request.
pub(super) fn requests_log_ratio(
    quantity: Quantity,
    baseline: &[RequestSample],
    variant: &[RequestSample],
) -> Option<f64> {
    let pairs = baseline.iter().zip(variant);
    let logs = pairs.map(|(baseline, variant)| {
        let (baseline, variant) = (&baseline.generation, &variant.generation);
        match quantity {
            Quantity::ResponseTime => request_pair::response_time(baseline, variant),
            // A speed is the inverse of a time.
            Quantity::TokensPerSecond => Some(-request_pair::decode_time(baseline, variant)?),
            _ => {
                let of = |request| request_value(quantity, request);
                ln(of(baseline)?, of(variant)?)
            }
        }
    });
    let logs: Vec<f64> = logs.collect::<Option<_>>()?;
    (!logs.is_empty()).then(|| logs.iter().sum::<f64>() / logs.len() as f64)
}

/// What is told of a request as a whole.
fn request_value(quantity: Quantity, request: &Generation) -> Option<f64> {
    match quantity {
        Quantity::TimeToFirstToken => Some(request.time_to_first_token_s),
        Quantity::CpuUsage => Some(request.cpu_s / request.response_time_s),
        Quantity::CpuSecondsPer1000Tokens => {
            let n_gaps = request.n_generated.checked_sub(1).filter(|n| *n > 0)?;
            Some(request.cpu_decode_s / f64::from(n_gaps))
        }
        _ => None,
    }
}

fn gap_percentile(launched: &Launched, quantile: f64) -> Option<f64> {
    let requests = launched.requests.iter();
    let gaps = requests.flat_map(|r| r.generation.token_gaps_ns.iter().copied());
    Latencies::of(gaps).at(quantile)
}

/// Resampled on a thread of its own: with many gaps it takes a while.
async fn latency_intervals(baseline: &[Launched], variant: &[Launched]) -> Option<[(f64, f64); 3]> {
    let gaps = |launches: &[Launched]| -> Gaps {
        let launch = |launched: &Launched| {
            let requests = launched.requests.iter();
            requests
                .map(|r| r.generation.token_gaps_ns.clone())
                .collect()
        };
        launches.iter().map(launch).collect()
    };
    let (baseline, variant) = (gaps(baseline), gaps(variant));
    let resampling = move || percentile_ratios(&baseline, &variant, QUANTILES);
    tokio::task::spawn_blocking(resampling).await.ok()?
}

/// The two sides of a comparison.
struct Sides<'a> {
    baseline: (&'a ArmResult, &'a [Launched]),
    variant: (&'a ArmResult, &'a [Launched]),
    /// Of the ratios of the pooled percentiles.
    intervals: Option<[(f64, f64); 3]>,
}

impl Sides<'_> {
    fn improvement(&self, quantity: Quantity) -> Improvement {
        let (baseline, variant) = (self.baseline.0, self.variant.0);
        Improvement {
            quantity,
            baseline: value(quantity, baseline),
            variant: value(quantity, variant),
            change: self.change(quantity),
            band: None,
            verdict: None,
            not_judged: not_judged(quantity, baseline, variant),
        }
    }

    fn change(&self, quantity: Quantity) -> Reading<Change> {
        let (baseline, variant) = (self.baseline.0, self.variant.0);
        let change = match LATENCIES.iter().position(|one| *one == quantity) {
            Some(place) => return self.latency_change(quantity, place),
            None if quantity == Quantity::ModelSize => {
                let size = |arm: &ArmResult| arm.model.size_bytes as f64;
                paired::exact(quantity, size(baseline), size(variant))
            }
            None => log_ratios(quantity, self.baseline.1, self.variant.1)
                .and_then(|logs| paired::change(quantity, &logs)),
        };
        let missing = || {
            let reason = reason(quantity, baseline).or(reason(quantity, variant));
            reason.unwrap_or_else(|| "a launch did not measure it".to_owned())
        };
        change.map_or_else(|| Reading::NotMeasured(missing()), Reading::Measured)
    }

    /// Of the percentile of all gaps of an arm, the `place`th of the three.
    fn latency_change(&self, quantity: Quantity, place: usize) -> Reading<Change> {
        let (baseline, variant) = (self.baseline.0, self.variant.0);
        let ratio = (value(quantity, baseline), value(quantity, variant));
        let (Some(base), Some(other)) = ratio else {
            let few = [baseline, variant].map(|arm| &arm.token_latency_ms);
            let n = few[0].n.min(few[1].n);
            let needs = &few[0].needs;
            let needs = [needs.p50, needs.p95, needs.p99][place];
            return Reading::NotMeasured(format!("it needs {needs} gaps between tokens, has {n}"));
        };
        let percent = |ratio| quantity.improvement_percent(ratio);
        // Lower is better: the larger ratio is the worse end.
        let ends = self.intervals.map(|ends| ends[place]);
        let n_launches = self.baseline.1.len().min(self.variant.1.len());
        let change = Change {
            ratio: other / base,
            improvement_percent: percent(other / base),
            low_percent: ends.map(|(_, high)| percent(high)),
            high_percent: ends.map(|(low, _)| percent(low)),
            n_launches: u32::try_from(n_launches).unwrap_or(u32::MAX),
        };
        match paired::is_finite(&change) {
            true => Reading::Measured(change),
            false => Reading::NotMeasured("the gaps are too short for the clock".to_owned()),
        }
    }
}

/// Why a change of the quantity says nothing: the arms did not do the same. At
/// fixed length they always do.
fn not_judged(quantity: Quantity, baseline: &ArmResult, variant: &ArmResult) -> Option<String> {
    let (base, other) = (baseline.tokens_generated?, variant.tokens_generated?);
    let is_time = quantity == Quantity::ResponseTime;
    (is_time && base.mean != other.mean).then(|| {
        format!(
            "not for the same work: the baseline produced {}, the variant {}; fixed length \
             compares times, throughput compares speeds",
            base.in_words(),
            other.in_words()
        )
    })
}

/// A quantity of an arm, as it is shown.
fn value(quantity: Quantity, arm: &ArmResult) -> Option<f64> {
    let Percentiles { p50, p95, p99, .. } = arm.token_latency_ms;
    match quantity {
        Quantity::ResponseTime => arm.response_time_s.mean(),
        Quantity::TokensPerSecond => arm.tokens_per_second.mean(),
        Quantity::TimeToFirstToken => arm.time_to_first_token_ms.mean(),
        Quantity::PromptTokensPerSecond => arm.prompt_tokens_per_second.mean(),
        Quantity::TokenLatencyP50 => p50,
        Quantity::TokenLatencyP95 => p95,
        Quantity::TokenLatencyP99 => p99,
        Quantity::Memory => arm.memory.value().map(|memory| memory.peak_mb.mean),
        Quantity::CpuUsage => arm.cpu_usage_percent.mean(),
        Quantity::CpuSecondsPer1000Tokens => arm.cpu_seconds_per_1000_tokens.mean(),
        Quantity::ModelSize => Some(arm.model.size_mb()),
    }
}

/// Why an arm lacks it.
fn reason(quantity: Quantity, arm: &ArmResult) -> Option<String> {
    let reason = match quantity {
        Quantity::ResponseTime => arm.response_time_s.reason(),
        Quantity::TokensPerSecond => arm.tokens_per_second.reason(),
        Quantity::TimeToFirstToken => arm.time_to_first_token_ms.reason(),
        Quantity::PromptTokensPerSecond => arm.prompt_tokens_per_second.reason(),
        Quantity::Memory => arm.memory.reason(),
        Quantity::CpuUsage => arm.cpu_usage_percent.reason(),
        Quantity::CpuSecondsPer1000Tokens => arm.cpu_seconds_per_1000_tokens.reason(),
        _ => None,
    };
    reason.map(str::to_owned)
}
