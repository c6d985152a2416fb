//! What a run measured of one arm, and the seed's flat form of it.

use serde::{Deserialize, Serialize};

use super::compare::{Comparison, Quantity, VariantComparison};
use super::latency::{HistogramBin, Percentiles};
use super::metrics::{Figure, Reading};
use super::model::Model;
use super::outlier::Outliers;
use super::pruning::{PruningMethod, PruningReport};
use super::quality::Quality;
use super::quantization::QuantizationType;
use super::recipe::Recipe;
use super::run::{GenerationMode, Run, RunId, RunSettings, Technique};
use super::sample::StopReason;
use super::units;

/// Everything measured of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ArmResult {
    /// The model that was measured.
    pub model: Model,
    /// What was done to the run's model to make it.
    #[serde(default)]
    pub recipe: Recipe,
    /// Request start to last token, tokenization and sampling included, s.
    pub response_time_s: Reading<Figure>,
    /// Request start to first token sampled, ms.
    pub time_to_first_token_ms: Reading<Figure>,
    /// Decode only: (generated - 1) / (last token - first token), tokens/s.
    pub tokens_per_second: Reading<Figure>,
    /// The standard 512-token prefill, tokens/s.
    pub prompt_tokens_per_second: Reading<Figure>,
    /// CPU seconds / wall seconds / logical cores over the requests, %.
    pub cpu_usage_percent: Reading<Figure>,
    /// CPU seconds / wall seconds over the requests, cores.
    pub cpu_cores_used: Reading<Figure>,
    /// CPU seconds while decoding for each 1,000 tokens, s.
    pub cpu_seconds_per_1000_tokens: Reading<Figure>,
    /// Memory of the worker.
    pub memory: Reading<MemoryFigures>,
    /// Gaps between consecutive generated tokens.
    pub token_latency_ms: Percentiles,
    /// Whole requests.
    pub request_latency_ms: Percentiles,
    /// The distribution behind `token_latency_ms`; empty without gaps.
    pub token_latency_histogram: Vec<HistogramBin>,
    /// The text of the first launch for each prompt.
    pub answers: Vec<Answer>,
    /// How many of the answers are right; none where nothing was expected.
    #[serde(default)]
    pub right_answers: Option<RightAnswers>,
    /// What a reader should know before trusting the figures.
    pub warnings: Vec<String>,
    /// What disturbed the measurement, one sentence each; empty: nothing was
    /// noticed. Figures of a disturbed run are shown as such.
    #[serde(default)]
    pub unstable: Vec<String>,
    /// Tokens that its requests generated; none in runs of older versions.
    #[serde(default)]
    pub tokens_generated: Option<TokensGenerated>,
    /// Requests far from the others of their prompt, which are kept in every
    /// figure.
    #[serde(default = "not_looked_for")]
    pub outliers: Reading<Outliers>,
}

/// What an older version left open.
fn not_looked_for() -> Reading<Outliers> {
    Reading::NotMeasured("the version that measured this run did not look for them".to_owned())
}

/// Tokens that the requests of a run generated, whatever ended them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TokensGenerated {
    /// Mean over all requests.
    pub mean: f64,
    /// Of the shortest.
    pub least: u32,
    /// Of the longest.
    pub most: u32,
}

impl TokensGenerated {
    /// How much a request generated: `41.5 tokens on average`.
    pub fn in_words(&self) -> String {
        match self.least == self.most {
            true => units::plural(self.most.into(), "token", "tokens"),
            false => format!("{:.1} tokens on average", self.mean),
        }
    }

    /// Of requests that generated so many; none without requests.
    pub fn of(counts: &[u32]) -> Option<Self> {
        let sum: f64 = counts.iter().map(|n| f64::from(*n)).sum();
        Some(Self {
            least: *counts.iter().min()?,
            most: *counts.iter().max()?,
            mean: sum / counts.len() as f64,
        })
    }
}

impl ArmResult {
    /// What it is called beside the others: its recipe, and what its file really
    /// holds where that is something else.
    pub fn label(&self) -> String {
        let made = self.model.variant.as_ref();
        // The baseline may be a variant itself.
        match made.filter(|_| !self.recipe.is_baseline()) {
            Some(made) => made.label(),
            None => self.recipe.label(),
        }
    }

    /// What its response time is the time for. At natural stop it means nothing
    /// without the tokens that were produced in it.
    pub fn response_time_work(&self, settings: &RunSettings) -> String {
        let limit = units::plural(settings.max_tokens.into(), "token", "tokens");
        match (settings.mode, self.tokens_generated) {
            (GenerationMode::FixedLength, _) => format!("time for {limit}"),
            (GenerationMode::NaturalStop, None) => format!("natural stop, at most {limit}"),
            (GenerationMode::NaturalStop, Some(TokensGenerated { mean, least, most })) => {
                let range = match least == most {
                    true => format!("{} each", units::count(least.into())),
                    false => format!(
                        "{} to {}",
                        units::count(least.into()),
                        units::count(most.into())
                    ),
                };
                format!(
                    "time for {mean:.1} tokens on average ({range}): natural stop, at most {limit}"
                )
            }
        }
    }
}

/// Sentences of all arms, each once, with the names of its arms unless it is said
/// of all.
pub fn said_of(arms: &[ArmResult], read: fn(&ArmResult) -> &Vec<String>) -> Vec<String> {
    let mut said: Vec<(&String, Vec<String>)> = Vec::new();
    for arm in arms {
        for sentence in read(arm) {
            match said.iter_mut().find(|(known, _)| *known == sentence) {
                Some((_, labels)) => labels.push(arm.label()),
                None => said.push((sentence, vec![arm.label()])),
            }
        }
    }
    let words = |(sentence, labels): (&String, Vec<String>)| match labels.len() == arms.len() {
        true => sentence.clone(),
        false => format!("{}: {sentence}", labels.join(", ")),
    };
    said.into_iter().map(words).collect()
}

/// Memory of the worker process, MB = 10^6 bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MemoryFigures {
    /// Peak resident memory during the measured requests.
    pub peak_mb: Figure,
    /// Its anonymous part, which the system cannot reclaim.
    pub anonymous_mb: Option<f64>,
    /// Its file-mapped part, which the system can reclaim.
    pub file_mapped_mb: Option<f64>,
    /// Peak resident memory while loading.
    pub load_peak_mb: Option<f64>,
}

/// What the model answered to one prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Answer {
    /// The prompt as the user wrote it.
    pub prompt: String,
    /// The generated text. Untrusted.
    pub text: String,
    /// Tokens of the prompt with its chat template.
    pub n_prompt_tokens: u32,
    /// Tokens generated.
    pub n_generated: u32,
    /// Why it ended.
    pub stop: StopReason,
    /// Whether it holds what was expected; none where nothing was.
    #[serde(default)]
    pub is_right: Option<bool>,
}

/// The share of right answers, among those to prompts with an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RightAnswers {
    /// Right answers.
    pub n_right: u32,
    /// Answers that were judged: at least one.
    pub n_judged: u32,
    /// Right / judged, 0 to 1.
    pub share: f64,
    /// Lower end of the share's 95 % interval (Wilson's score interval).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl RightAnswers {
    /// Why the share may look worse than the model is.
    pub const FIXED_LENGTH: &str = "At fixed length answers run on past their end; natural stop \
                                    judges what a user would see.";

    /// Share and interval: `80 %, 95 % interval 49 to 94 %`.
    pub fn in_words(&self) -> String {
        let percent = |share: f64| format!("{:.0}", share * 100.0);
        let (share, low, high) = (percent(self.share), percent(self.low), percent(self.high));
        format!("{share} %, 95 % interval {low} to {high} %")
    }
}

/// The answer of `POST /api/benchmark/baseline`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BenchmarkResponse {
    /// `baseline`.
    pub technique: Technique,
    /// The model's library id.
    pub model_name: String,
    /// Where the run is kept: `/api/runs/{run_id}` has intervals and samples.
    pub run_id: RunId,
    /// The figures, flat.
    pub metrics: FlatMetrics,
    /// What disturbed the measurement; empty: nothing was noticed.
    pub unstable: Vec<String>,
}

/// The seed's five figures and those beside them; null: not measured.
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

impl BenchmarkResponse {
    /// The flat form of a finished run; none while nothing is measured.
    pub fn of(run: &Run) -> Option<Self> {
        let arm = run.baseline()?;
        Some(Self {
            technique: run.technique,
            model_name: run.model.id.0.clone(),
            run_id: run.id,
            metrics: FlatMetrics::of(arm),
            unstable: arm.unstable.clone(),
        })
    }
}

/// The answer of `POST /api/benchmark/quantization`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QuantizationResponse {
    /// `quantization`.
    pub technique: Technique,
    /// The baseline's library id and the level: `name-q4_0`.
    pub model_name: String,
    /// To which type.
    pub quantization_level: QuantizationType,
    /// What was measured.
    #[serde(flatten)]
    pub measured: MeasuredVariant,
}

/// The answer of `POST /api/benchmark/pruning`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningResponse {
    /// `pruning`.
    pub technique: Technique,
    /// The baseline's library id and the ratio: `name-pruned-30%`.
    pub model_name: String,
    /// The share of the blocks' matrix weights that was to be removed.
    pub pruning_ratio: f64,
    /// The share that was removed.
    pub achieved_pruning_ratio: f64,
    /// What was removed, and how it was chosen.
    pub method: PruningMethod,
    /// To which type the pruned model was quantized; null: its weights kept theirs.
    pub then_quantize: Option<QuantizationType>,
    /// What is gone, where, and what that cost on held-out text.
    pub pruning: PruningReport,
    /// What was measured.
    #[serde(flatten)]
    pub measured: MeasuredVariant,
}

/// One variant against its baseline, flat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MeasuredVariant {
    /// The type that most of its matrices really have, because the rows do not fit
    /// the one that was meant; null: that which was meant.
    pub mostly: Option<String>,
    /// Where the run is kept: `/api/runs/{run_id}` has the raw samples.
    pub run_id: RunId,
    /// The variant's figures, flat.
    pub metrics: FlatMetrics,
    /// The baseline's, measured in the same run.
    pub baseline_metrics: FlatMetrics,
    /// What the variant changes, in short.
    pub improvements: FlatImprovements,
    /// The same with intervals, noise and verdicts.
    pub comparison: Comparison,
    /// What the variant lost; null: it was not asked for.
    pub quality: Option<Reading<Quality>>,
    /// What a reader should know, of the run and of which model.
    pub warnings: Vec<String>,
    /// What disturbed the measurement of which model; empty: nothing was noticed.
    pub unstable: Vec<String>,
}

/// The seed's five improvements, %: positive is better; null: not measured, or no
/// change for the same work, which `comparison` tells.
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

impl QuantizationResponse {
    /// The flat form of a finished run of one quantized variant; none while
    /// nothing is measured.
    pub fn of(run: &Run) -> Option<Self> {
        let recipe = run.arms.get(1)?.recipe;
        Some(Self {
            technique: run.technique,
            model_name: format!("{}-{}", run.model.id, recipe.name_suffix()?),
            quantization_level: recipe.quantize?.level,
            measured: MeasuredVariant::of(run)?,
        })
    }
}

impl PruningResponse {
    /// The flat form of a finished run of one pruned variant; none while nothing
    /// is measured.
    pub fn of(run: &Run) -> Option<Self> {
        let variant = run.arms.get(1)?;
        let (recipe, prune) = (variant.recipe, variant.recipe.prune?);
        let pruning = variant.model.variant.as_ref()?.pruning.clone()?;
        Some(Self {
            technique: run.technique,
            model_name: format!("{}-{}", run.model.id, recipe.name_suffix()?),
            pruning_ratio: prune.ratio.share(),
            achieved_pruning_ratio: pruning.cut.achieved_pruning_ratio,
            method: prune.method,
            then_quantize: recipe.quantize.map(|quantize| quantize.level),
            pruning,
            measured: MeasuredVariant::of(run)?,
        })
    }
}

impl MeasuredVariant {
    fn of(run: &Run) -> Option<Self> {
        let (baseline, variant) = (run.arms.first()?, run.arms.get(1)?);
        let comparison = run.comparison.clone()?;
        let of_variant = comparison.variants.first()?;
        Some(Self {
            mostly: of_variant.mostly.clone(),
            run_id: run.id,
            metrics: FlatMetrics::of(variant),
            baseline_metrics: FlatMetrics::of(baseline),
            improvements: FlatImprovements::of(of_variant),
            quality: of_variant.quality.clone(),
            warnings: run.warnings(),
            unstable: run.disturbances(),
            comparison,
        })
    }
}

impl FlatImprovements {
    fn of(comparison: &VariantComparison) -> Self {
        let percent = |quantity| {
            let improvement = comparison.of(quantity)?;
            let is_judged = improvement.not_judged.is_none();
            let change = improvement.change.value().filter(|_| is_judged)?;
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

impl FlatMetrics {
    fn of(arm: &ArmResult) -> Self {
        let width = |r: &Reading<Figure>| r.value().and_then(|f| f.half_width_95);
        let peak = arm.memory.value().map(|m| m.peak_mb);
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
        }
    }
}
