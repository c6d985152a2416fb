//! Everything measured of one arm, and what it is called.

use serde::{Deserialize, Serialize};

use super::{Answer, RightAnswers, TokensGenerated};
use crate::domain::latency::{HistogramBin, Percentiles};
use crate::domain::metrics::{Figure, Reading};
use crate::domain::model::Model;
use crate::domain::outlier::Outliers;
use crate::domain::recipe::Recipe;
use crate::domain::run::{GenerationMode, RunSettings};
use crate::domain::units;

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

#[cfg(test)]
impl ArmResult {
    /// For tests: of a model with these speeds, tokens/s; nothing else was measured.
    pub(crate) fn sample(
        model: Model,
        prompt_tokens_per_second: f64,
        tokens_per_second: f64,
    ) -> Self {
        use crate::domain::latency::FLOORS;
        fn missing<T>() -> Reading<T> {
            Reading::NotMeasured("it was not".to_owned())
        }
        let speed = |mean| {
            Reading::Measured(Figure {
                mean,
                half_width_95: None,
                stddev: None,
                n_launches: 1,
                n_samples: 1,
            })
        };
        let latency = Percentiles {
            p50: None,
            p95: None,
            p99: None,
            n: 0,
            needs: FLOORS,
        };
        Self {
            model,
            recipe: Recipe::default(),
            response_time_s: missing(),
            time_to_first_token_ms: missing(),
            tokens_per_second: speed(tokens_per_second),
            prompt_tokens_per_second: speed(prompt_tokens_per_second),
            cpu_usage_percent: missing(),
            cpu_cores_used: missing(),
            cpu_seconds_per_1000_tokens: missing(),
            memory: missing(),
            token_latency_ms: latency,
            request_latency_ms: latency,
            token_latency_histogram: Vec::new(),
            answers: Vec::new(),
            right_answers: None,
            warnings: Vec::new(),
            unstable: Vec::new(),
            tokens_generated: None,
            outliers: missing(),
        }
    }
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

impl MemoryFigures {
    /// The parts that are known, MB: `263 anonymous · 111 file-mapped`.
    pub fn parts_in_words(&self) -> Option<String> {
        let part = |value: Option<f64>, name: &str| {
            value.map(|mb| format!("{} {name}", units::number(mb)))
        };
        let parts: Vec<String> = [
            part(self.anonymous_mb, "anonymous"),
            part(self.file_mapped_mb, "file-mapped"),
            part(self.load_peak_mb, "peak while loading"),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join(" · "))
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
