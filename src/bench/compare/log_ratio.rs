//! How a launch of a variant compares with that of its baseline, quantity by quantity.

use crate::bench::launch::Launched;
use crate::bench::request_pair::{self, ln};
use crate::bench::statistics::Latencies;
use crate::domain::compare::Quantity;
use crate::domain::sample::{Generation, RequestSample};

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
pub(in crate::bench) fn requests_log_ratio(
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
