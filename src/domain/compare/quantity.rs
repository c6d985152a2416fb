//! What is compared: its name, its unit, and which way is better.

use serde::{Deserialize, Serialize};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Request start to last token, s.
    ResponseTime,
    /// Decode tokens/s.
    TokensPerSecond,
    /// Request start to first token, ms.
    TimeToFirstToken,
    /// The 512-token prefill, tokens/s.
    PromptTokensPerSecond,
    /// Median gap between tokens, ms.
    TokenLatencyP50,
    /// 95th percentile of the gaps between tokens, ms.
    TokenLatencyP95,
    /// 99th percentile of the gaps between tokens, ms.
    TokenLatencyP99,
    /// Peak resident memory, MB.
    Memory,
    /// CPU, % of the machine.
    CpuUsage,
    /// CPU seconds while decoding for 1,000 tokens, s.
    // Older histories have the name that serde makes of the variant's.
    #[serde(
        rename = "cpu_seconds_per_1000_tokens",
        alias = "cpu_seconds_per1000_tokens"
    )]
    CpuSecondsPer1000Tokens,
    /// Bytes on disk, MB.
    ModelSize,
}

impl Quantity {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::ResponseTime,
        Self::TokensPerSecond,
        Self::TimeToFirstToken,
        Self::PromptTokensPerSecond,
        Self::TokenLatencyP50,
        Self::TokenLatencyP95,
        Self::TokenLatencyP99,
        Self::Memory,
        Self::CpuUsage,
        Self::CpuSecondsPer1000Tokens,
        Self::ModelSize,
    ];

    /// Whether more of it is better.
    pub fn higher_is_better(self) -> bool {
        matches!(self, Self::TokensPerSecond | Self::PromptTokensPerSecond)
    }

    /// As people read it: on every page, on the command line and in sentences. Programs
    /// read the names of fields.
    pub fn label(self) -> &'static str {
        match self {
            Self::ResponseTime => "Response time",
            Self::TokensPerSecond => "Throughput",
            Self::TimeToFirstToken => "Time to first token",
            Self::PromptTokensPerSecond => "Prompt speed",
            Self::TokenLatencyP50 => "Token latency P50",
            Self::TokenLatencyP95 => "Token latency P95",
            Self::TokenLatencyP99 => "Token latency P99",
            Self::Memory => "Memory",
            Self::CpuUsage => "CPU usage",
            Self::CpuSecondsPer1000Tokens => "CPU per 1,000 tokens",
            Self::ModelSize => "Model size",
        }
    }

    /// As the head of a column, with its unit.
    pub fn head(self) -> String {
        format!("{}, {}", self.label(), self.unit())
    }

    /// Its unit.
    pub fn unit(self) -> &'static str {
        match self {
            Self::ResponseTime | Self::CpuSecondsPer1000Tokens => "s",
            Self::TokensPerSecond | Self::PromptTokensPerSecond => "tokens/s",
            Self::TimeToFirstToken
            | Self::TokenLatencyP50
            | Self::TokenLatencyP95
            | Self::TokenLatencyP99 => "ms",
            Self::Memory | Self::ModelSize => "MB",
            Self::CpuUsage => "% of the machine",
        }
    }

    /// `improvement %` of a ratio variant / baseline: positive is better.
    pub fn improvement_percent(self, ratio: f64) -> f64 {
        match self.higher_is_better() {
            true => (ratio - 1.0) * 100.0,
            false => (1.0 - ratio) * 100.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_older_versions_wrote_is_read_and_written_as_the_field_is_called() {
        let now = "\"cpu_seconds_per_1000_tokens\"";
        for written in [now, "\"cpu_seconds_per1000_tokens\""] {
            let on_server: Quantity = serde_json::from_str(written).expect("a quantity");
            assert_eq!(on_server, Quantity::CpuSecondsPer1000Tokens);
            let in_browser = crate::domain::json::tree::from_str(written);
            assert_eq!(in_browser, Ok(on_server));
            assert_eq!(serde_json::to_string(&on_server).expect("JSON"), now);
        }
    }
}
