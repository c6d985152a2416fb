//! What a variant changes of each quantity, and why nothing is said of one.

use super::log_ratio::log_ratios;
use crate::bench::bootstrap::{Gaps, percentile_ratios};
use crate::bench::launch::Launched;
use crate::bench::paired;
use crate::domain::benchmark::ArmResult;
use crate::domain::compare::{Change, Improvement, Quantity};
use crate::domain::latency::Percentiles;
use crate::domain::metrics::Reading;

/// The percentiles of the gaps between tokens that are compared.
const LATENCIES: [Quantity; 3] = [
    Quantity::TokenLatencyP50,
    Quantity::TokenLatencyP95,
    Quantity::TokenLatencyP99,
];
const QUANTILES: [f64; 3] = [0.50, 0.95, 0.99];

/// The two sides of a comparison.
pub(super) struct Sides<'a> {
    pub(super) baseline: (&'a ArmResult, &'a [Launched]),
    pub(super) variant: (&'a ArmResult, &'a [Launched]),
    /// Of the ratios of the pooled percentiles.
    pub(super) intervals: Option<[(f64, f64); 3]>,
}

impl Sides<'_> {
    pub(super) fn improvement(&self, quantity: Quantity) -> Improvement {
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

/// Resampled on a thread of its own: with many gaps it takes a while.
pub(super) async fn latency_intervals(
    baseline: &[Launched],
    variant: &[Launched],
) -> Option<[(f64, f64); 3]> {
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
