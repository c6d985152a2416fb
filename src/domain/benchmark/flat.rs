//! The flat form of the figures of an arm, and of what a variant changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ArmResult, RightAnswers};
use crate::domain::compare::{Judgement, Quantity, VariantComparison};
use crate::domain::latency::Percentiles;
use crate::domain::metrics::{Figure, Reading};

/// The seed's five figures and those beside them; null: not measured, and why stands in
/// `not_measured`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FlatMetrics {
    /// Seconds.
    pub response_time: Option<f64>,
    /// MB = 10^6 bytes.
    pub memory_usage_mb: Option<f64>,
    /// Percent of the whole machine.
    pub cpu_usage_percent: Option<f64>,
    /// Decode tokens per second.
    pub tokens_per_second: Option<f64>,
    /// MB = 10^6 bytes.
    pub model_size_mb: f64,
    /// Between tokens, ms.
    pub latency_ms: Percentiles,
    /// Whole requests, ms.
    pub request_latency_ms: Percentiles,
    /// Milliseconds.
    pub time_to_first_token_ms: Option<f64>,
    /// Prefill tokens per second, over 512 tokens.
    pub prompt_tokens_per_second: Option<f64>,
    /// Seconds.
    pub cpu_seconds_per_1000_tokens: Option<f64>,
    /// Of the answers to prompts with an expectation; null where there is none.
    pub right_answers: Option<RightAnswers>,
    /// Half widths of the 95 % intervals of the means above; null below two launches.
    pub half_width_95: HalfWidths,
    /// Why a figure above is null, by its name; what percentiles need they say themselves.
    #[serde(default)]
    pub not_measured: BTreeMap<String, String>,
}

/// Half widths of the 95 % intervals (Student t over launches), in the units of
/// the figures they belong to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HalfWidths {
    /// Seconds.
    pub response_time: Option<f64>,
    /// MB = 10^6 bytes.
    pub memory_usage_mb: Option<f64>,
    /// Percent of the whole machine.
    pub cpu_usage_percent: Option<f64>,
    /// Tokens per second.
    pub tokens_per_second: Option<f64>,
    /// Milliseconds.
    pub time_to_first_token_ms: Option<f64>,
    /// Tokens per second.
    pub prompt_tokens_per_second: Option<f64>,
    /// Seconds.
    pub cpu_seconds_per_1000_tokens: Option<f64>,
}

/// The seed's five improvements, %: positive is better; null: not measured, or no
/// change for the same work. What each is worth, `verdicts` tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FlatImprovements {
    /// Request start to last token.
    pub response_time: Option<f64>,
    /// Peak resident memory.
    pub memory: Option<f64>,
    /// Use of the processor.
    pub cpu: Option<f64>,
    /// Decode speed.
    pub throughput: Option<f64>,
    /// Bytes on disk.
    pub model_size: Option<f64>,
}

/// What each of the five improvements is worth, by the same names. One that is not
/// called better or worse may be noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FlatVerdicts {
    /// Request start to last token.
    pub response_time: Judgement,
    /// Peak resident memory.
    pub memory: Judgement,
    /// Use of the processor.
    pub cpu: Judgement,
    /// Decode speed.
    pub throughput: Judgement,
    /// Bytes on disk.
    pub model_size: Judgement,
}

impl FlatMetrics {
    pub(super) fn of(arm: &ArmResult) -> Self {
        let width = |r: &Reading<Figure>| r.value().and_then(|f| f.half_width_95);
        let peak = arm.memory.value().map(|m| m.peak_mb);
        let reasons = [
            ("response_time", arm.response_time_s.reason()),
            ("memory_usage_mb", arm.memory.reason()),
            ("cpu_usage_percent", arm.cpu_usage_percent.reason()),
            ("tokens_per_second", arm.tokens_per_second.reason()),
            (
                "time_to_first_token_ms",
                arm.time_to_first_token_ms.reason(),
            ),
            (
                "prompt_tokens_per_second",
                arm.prompt_tokens_per_second.reason(),
            ),
            (
                "cpu_seconds_per_1000_tokens",
                arm.cpu_seconds_per_1000_tokens.reason(),
            ),
        ];
        let told = |(name, reason): (&str, Option<&str>)| {
            reason.map(|reason| (name.to_owned(), reason.to_owned()))
        };
        Self {
            response_time: arm.response_time_s.mean(),
            memory_usage_mb: peak.map(|p| p.mean),
            cpu_usage_percent: arm.cpu_usage_percent.mean(),
            tokens_per_second: arm.tokens_per_second.mean(),
            model_size_mb: arm.model.size_mb(),
            latency_ms: arm.token_latency_ms,
            request_latency_ms: arm.request_latency_ms,
            time_to_first_token_ms: arm.time_to_first_token_ms.mean(),
            prompt_tokens_per_second: arm.prompt_tokens_per_second.mean(),
            cpu_seconds_per_1000_tokens: arm.cpu_seconds_per_1000_tokens.mean(),
            right_answers: arm.right_answers,
            half_width_95: HalfWidths {
                response_time: width(&arm.response_time_s),
                memory_usage_mb: peak.and_then(|p| p.half_width_95),
                cpu_usage_percent: width(&arm.cpu_usage_percent),
                tokens_per_second: width(&arm.tokens_per_second),
                time_to_first_token_ms: width(&arm.time_to_first_token_ms),
                prompt_tokens_per_second: width(&arm.prompt_tokens_per_second),
                cpu_seconds_per_1000_tokens: width(&arm.cpu_seconds_per_1000_tokens),
            },
            not_measured: reasons.into_iter().filter_map(told).collect(),
        }
    }
}

impl FlatImprovements {
    pub(super) fn of(comparison: &VariantComparison) -> Self {
        let percent = |quantity| {
            let change = comparison.of(quantity)?.judged()?;
            Some(change.improvement_percent)
        };
        Self {
            response_time: percent(Quantity::ResponseTime),
            memory: percent(Quantity::Memory),
            cpu: percent(Quantity::CpuUsage),
            throughput: percent(Quantity::TokensPerSecond),
            model_size: percent(Quantity::ModelSize),
        }
    }
}

impl FlatVerdicts {
    /// None where one of them was not even compared.
    pub(super) fn of(comparison: &VariantComparison) -> Option<Self> {
        let judgement = |quantity| comparison.of(quantity).map(Judgement::from);
        Some(Self {
            response_time: judgement(Quantity::ResponseTime)?,
            memory: judgement(Quantity::Memory)?,
            cpu: judgement(Quantity::CpuUsage)?,
            throughput: judgement(Quantity::TokensPerSecond)?,
            model_size: judgement(Quantity::ModelSize)?,
        })
    }
}
