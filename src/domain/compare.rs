//! What a run found when it compared variants with their baseline.

use serde::{Deserialize, Serialize};

use super::mcnemar::McNemar;
use super::metrics::Reading;
use super::noise::Noise;
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
    /// What a reader should know of the whole run, whichever the arm.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// One variant against the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantComparison {
    /// What was done to the baseline.
    pub recipe: Recipe,
    /// The type that most of its matrices really have, because their rows do not
    /// fit the one that the recipe names; null: as named.
    #[serde(default)]
    pub mostly: Option<String>,
    /// One for each quantity, in the order of `Quantity::ALL`.
    pub improvements: Vec<Improvement>,
    /// What was lost, where it was asked for.
    pub quality: Option<Reading<Quality>>,
    /// Whether it still answers right what was expected: McNemar's test over
    /// prompts; null: nothing was expected.
    #[serde(default)]
    pub right_answers: Option<McNemar>,
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
    /// What that means; none where there is no change, or where it is not judged.
    pub verdict: Option<Verdict>,
    /// Why the change means nothing; null: it is judged. At natural stop times
    /// are for as many tokens as each model happened to produce.
    #[serde(default)]
    pub not_judged: Option<String>,
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

/// Assumed where nobody measured it: of times and what is made of them, %.
const ASSUMED_TIMES_PERCENT: f64 = 5.0;
/// The same of memory, %.
const ASSUMED_MEMORY_PERCENT: f64 = 1.0;

impl NoiseBand {
    /// What is taken until the model was measured against itself; none for what
    /// is exact.
    pub fn assumed(quantity: Quantity) -> Option<Self> {
        let percent = match quantity {
            Quantity::ModelSize => return None,
            Quantity::Memory => ASSUMED_MEMORY_PERCENT,
            _ => ASSUMED_TIMES_PERCENT,
        };
        Some(Self {
            low_percent: -percent,
            high_percent: percent,
            n_launches: None,
        })
    }
}

impl Verdict {
    /// What a change means beside the noise. What has no noise is exact.
    pub fn of(change: &Change, band: Option<&NoiseBand>) -> Self {
        let Some(band) = band else {
            return match change.improvement_percent {
                percent if percent > 0.0 => Self::Better,
                percent if percent < 0.0 => Self::Worse,
                _ => Self::NoMeasurableDifference,
            };
        };
        let (Some(low), Some(high)) = (change.low_percent, change.high_percent) else {
            return Self::Undecided;
        };
        if low > band.high_percent {
            Self::Better
        } else if high < band.low_percent {
            Self::Worse
        } else if low >= band.low_percent && high <= band.high_percent {
            Self::NoMeasurableDifference
        } else {
            Self::Undecided
        }
    }

    /// As people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoMeasurableDifference => "no measurable difference",
            Self::Undecided => "undecided, needs more iterations",
        }
    }
}

impl Change {
    /// The change itself, %: below 0 where the variant has less of it.
    pub fn ratio_percent(&self) -> f64 {
        (self.ratio - 1.0) * 100.0
    }
}

impl Improvement {
    /// Holds the change against what the model shows against itself, or against
    /// what is assumed of it.
    pub fn judge(&mut self, noise: Option<&Noise>) {
        let change = self.change.value();
        let Some(change) = change.filter(|_| self.not_judged.is_none()) else {
            return;
        };
        let measured = noise.and_then(|noise| noise.band(self.quantity, change.n_launches));
        self.band = NoiseBand::assumed(self.quantity).map(|assumed| measured.unwrap_or(assumed));
        self.verdict = Some(Verdict::of(change, self.band.as_ref()));
    }
}

impl Comparison {
    /// Judges every change anew.
    pub fn judge(&mut self, noise: Option<&Noise>) {
        let variants = self.variants.iter_mut();
        variants
            .flat_map(|variant| &mut variant.improvements)
            .for_each(|improvement| improvement.judge(noise));
    }

    /// Whether a verdict rests on noise that was assumed and not measured.
    pub fn assumes_noise(&self) -> bool {
        let all = self.variants.iter().flat_map(|one| &one.improvements);
        all.filter_map(|improvement| improvement.band)
            .any(|band| band.n_launches.is_none())
    }

    /// Whether more iterations would tell something.
    pub fn is_undecided(&self) -> bool {
        let all = self.variants.iter().flat_map(|one| &one.improvements);
        all.into_iter()
            .any(|improvement| improvement.verdict == Some(Verdict::Undecided))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn change(low: f64, high: f64) -> Change {
        Change {
            ratio: 1.0,
            improvement_percent: f64::midpoint(low, high),
            low_percent: Some(low),
            high_percent: Some(high),
            n_launches: 3,
        }
    }

    #[test]
    fn a_verdict_needs_the_whole_interval() {
        let band = NoiseBand::assumed(Quantity::ResponseTime);
        for (low, high, verdict) in [
            (5.1, 9.0, Verdict::Better),
            (5.0, 9.0, Verdict::Undecided),
            (-5.0, 5.0, Verdict::NoMeasurableDifference),
            (-5.1, 1.0, Verdict::Undecided),
            (-30.0, 30.0, Verdict::Undecided),
            (-9.0, -5.1, Verdict::Worse),
        ] {
            assert_eq!(
                Verdict::of(&change(low, high), band.as_ref()),
                verdict,
                "{low} {high}"
            );
        }
        let one_launch = Change {
            low_percent: None,
            high_percent: None,
            ..change(40.0, 40.0)
        };
        assert_eq!(Verdict::of(&one_launch, band.as_ref()), Verdict::Undecided);
    }

    #[test]
    fn times_for_different_work_are_not_judged() {
        let mut improvement = Improvement {
            quantity: Quantity::ResponseTime,
            baseline: Some(2.0),
            variant: Some(1.0),
            change: Reading::Measured(change(40.0, 60.0)),
            band: None,
            verdict: None,
            not_judged: Some("it produced fewer tokens".to_owned()),
        };
        improvement.judge(None);
        assert_eq!((improvement.verdict, improvement.band), (None, None));
        improvement.not_judged = None;
        improvement.judge(None);
        assert_eq!(improvement.verdict, Some(Verdict::Better));
    }

    #[test]
    fn what_is_exact_has_no_noise() {
        assert_eq!(NoiseBand::assumed(Quantity::ModelSize), None);
        for (percent, verdict) in [
            (70.0, Verdict::Better),
            (0.0, Verdict::NoMeasurableDifference),
            (-1e-9, Verdict::Worse),
        ] {
            assert_eq!(Verdict::of(&change(percent, percent), None), verdict);
        }
    }
}
