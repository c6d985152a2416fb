//! Percentiles that a sample can carry, and the histogram behind them.

use serde::{Deserialize, Serialize};

/// Samples that a percentile needs before it is shown: MLPerf's early-stopping
/// floors at 99 % confidence (mlcommons/inference_policies, "Early Stopping").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PercentileFloors {
    /// For the median.
    pub p50: u64,
    /// For the 95th percentile.
    pub p95: u64,
    /// For the 99th percentile.
    pub p99: u64,
}

/// The floors in force.
pub const FLOORS: PercentileFloors = PercentileFloors {
    p50: 11,
    p95: 130,
    p99: 662,
};

/// Percentiles in milliseconds; none below the floor of each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Percentiles {
    /// Median, ms.
    pub p50: Option<f64>,
    /// 95th percentile, ms.
    pub p95: Option<f64>,
    /// 99th percentile, ms.
    pub p99: Option<f64>,
    /// Samples.
    pub n: u64,
    /// Samples that each percentile needs.
    pub needs: PercentileFloors,
}

/// One bar of the latency histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HistogramBin {
    /// Lower edge, ms, inclusive.
    pub from_ms: f64,
    /// Upper edge, ms, exclusive (inclusive in the last bin).
    pub to_ms: f64,
    /// Gaps between tokens that fell in it.
    pub count: u64,
}
