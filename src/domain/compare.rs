//! What a run found when it compared variants with their baseline.

use serde::{Deserialize, Serialize};

use super::metrics::Reading;
use super::quality::{AnswerComparison, Perplexity, Quality};
use super::recipe::Recipe;

/// All comparisons of a run: one for each arm but the first, which is the
/// baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// By the arms' order; the first belongs to the run's second arm.
    pub variants: Vec<VariantComparison>,
    /// How the arms were launched, where memory did not hold all of them at
    /// once; none: together.
    pub blocks: Option<String>,
    /// The baseline's perplexity, where quality was asked for.
    pub baseline_perplexity: Option<Reading<Perplexity>>,
}

/// One variant against the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantComparison {
    /// What was done to the baseline.
    pub recipe: Recipe,
    /// One for each quantity, in the order of `Quantity::ALL`.
    pub improvements: Vec<Improvement>,
    /// What was lost, where it was asked for.
    pub quality: Option<Reading<Quality>>,
    /// Both answers to each prompt, where quality was asked for.
    #[serde(default)]
    pub answers: Vec<AnswerComparison>,
}

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
    CpuSecondsPer1000Tokens,
    /// Bytes on disk, MB.
    ModelSize,
}

/// A quantity of the baseline and of a variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Improvement {
    /// Which.
    pub quantity: Quantity,
    /// The baseline's, in the quantity's unit; none: not measured.
    pub baseline: Option<f64>,
    /// The variant's.
    pub variant: Option<f64>,
    /// The paired change, or why there is none.
    pub change: Reading<Change>,
    /// What a model shows against itself; none for what is exact.
    pub band: Option<NoiseBand>,
    /// What that means; none where there is no change.
    pub verdict: Option<Verdict>,
}

/// A change, paired by launch: a geometric mean of ratios, which need not equal
/// the ratio of the two displayed means. Positive: better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change {
    /// Variant / baseline.
    pub ratio: f64,
    /// (1 - ratio) x 100 where lower is better, (ratio - 1) x 100 where higher is.
    pub improvement_percent: f64,
    /// The worse end of its 95 % interval; none where it is exact, or below two
    /// launches.
    pub low_percent: Option<f64>,
    /// The better end.
    pub high_percent: Option<f64>,
    /// Launches of each arm behind it.
    pub n_launches: u32,
}

/// The 95 % range of a change between two copies of one model, at the run's
/// number of iterations; percent, as `improvement_percent`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NoiseBand {
    /// Its worse end, below 0.
    pub low_percent: f64,
    /// Its better end, above 0.
    pub high_percent: f64,
    /// Launches of the model against itself behind it; none: assumed.
    pub n_launches: Option<u32>,
}

/// What a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval lies above the noise band.
    Better,
    /// The whole interval lies below the noise band.
    Worse,
    /// The whole interval lies within the noise band.
    NoMeasurableDifference,
    /// It lies across an edge of the noise band: more iterations would tell.
    Undecided,
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

impl VariantComparison {
    /// The comparison of one quantity.
    pub fn of(&self, quantity: Quantity) -> Option<&Improvement> {
        self.improvements
            .iter()
            .find(|one| one.quantity == quantity)
    }
}
