//! What a variant lost: perplexity and divergence from the baseline, as
//! llama.cpp's perplexity tool defines them.

use serde::{Deserialize, Serialize};

/// A value with llama.cpp's standard error over tokens and the 95 % interval
/// from resampling whole chunks, on which verdicts rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Standard error over tokens, as llama.cpp prints it; none below two tokens.
    pub standard_error: Option<f64>,
    /// Lower end of the interval; none below two chunks.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// A model's perplexity on a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Perplexity {
    /// exp(mean negative log likelihood).
    pub perplexity: Estimate,
    /// The text.
    pub text: TextName,
    /// Chunks of `n_ctx` tokens.
    pub n_chunks: u32,
    /// Tokens of a chunk, and of the batch that processes it; the second half is
    /// scored.
    pub n_ctx: u32,
    /// Tokens scored.
    pub n_tokens: u64,
}

/// The text that quality was measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TextName {
    /// `built-in evaluation text`, or the file's name. Untrusted.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl TextName {
    /// Whether its hash is written as one.
    pub fn has_hash(&self) -> bool {
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        self.sha256.len() == 64 && self.sha256.chars().all(is_digit)
    }
}

/// The user's own text to measure quality on, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EvaluationText {
    /// The file's name: what the text is called later.
    pub name: String,
    /// The text, 512 to 900,000 bytes as UTF-8.
    pub text: String,
}

/// What quality to measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QualitySpec {
    /// Chunks of 512 tokens: a fixed count, so that figures compare.
    pub n_chunks: u32,
    /// The user's own text, kept in the data folder; none: the built-in one.
    #[serde(default)]
    pub text: Option<TextName>,
}

/// A variant's loss against the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quality {
    /// The variant's own perplexity.
    pub perplexity: Perplexity,
    /// ln(perplexity of the variant / of the baseline), paired by token.
    pub ln_perplexity_ratio: Estimate,
    /// Kullback-Leibler divergence of the variant from the baseline per token,
    /// over the whole vocabulary, nats: the mean.
    pub mean_kld: Estimate,
    /// Its distribution over tokens.
    pub kld: KldPercentiles,
    /// Share of tokens whose most probable next token is the baseline's, 0 to 1.
    pub same_top_token: Estimate,
    /// Root mean square of the change of the right token's probability, 0 to 1.
    pub rms_delta_p: Estimate,
}

/// Percentiles of the divergence per token, nats.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KldPercentiles {
    /// Median.
    pub p50: f64,
    /// 90 %.
    pub p90: f64,
    /// 95 %.
    pub p95: f64,
    /// 99 %.
    pub p99: f64,
    /// 99.9 %.
    pub p999: f64,
    /// The largest.
    pub max: f64,
}

/// Both answers to one prompt, greedy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AnswerComparison {
    /// From 1.
    pub prompt: u32,
    /// What both answers begin with. Untrusted, as all texts here.
    pub common: String,
    /// The baseline's answer from the first token at which they part.
    pub baseline_rest: String,
    /// The variant's answer from there.
    pub variant_rest: String,
    /// Bytes of `baseline_rest` in which its first token is written, to the end of a
    /// character; null: it has none, or an older version did not tell.
    #[serde(default)]
    pub baseline_token_bytes: Option<u32>,
    /// The same of `variant_rest`.
    #[serde(default)]
    pub variant_token_bytes: Option<u32>,
    /// Tokens that both begin with.
    pub n_common_tokens: u32,
    /// Divergence of the variant from the baseline at each token of the common
    /// part and at the one where they part, nats.
    pub kld: Vec<f64>,
}

impl AnswerComparison {
    /// Both answers whole, the baseline's first.
    pub fn whole(&self) -> [String; 2] {
        [&self.baseline_rest, &self.variant_rest].map(|rest| self.common.clone() + rest)
    }

    /// Whether the variant says nothing where the baseline says something.
    pub fn is_silent(&self) -> bool {
        let [baseline, variant] = self.whole();
        variant.trim().is_empty() && !baseline.trim().is_empty()
    }
}

/// What the figures of quality are called, on every page and on the command line.
pub mod names {
    /// Of `Perplexity`.
    pub const PERPLEXITY: &str = "Perplexity";
    /// Of `ln_perplexity_ratio`.
    pub const LN_PERPLEXITY_RATIO: &str = "ln PPL ratio";
    /// Of `mean_kld`, in nats a token.
    pub const MEAN_KLD: &str = "Mean KLD";
    /// Of `same_top_token`.
    pub const SAME_TOP_TOKEN: &str = "Same top token";
    /// Of `rms_delta_p`.
    pub const RMS_DELTA_P: &str = "RMS Δp";
}

/// How large a loss is, by the mean divergence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Mean KLD below 0.01.
    NearLossless,
    /// Below 0.05.
    Good,
    /// Below 0.3.
    Noticeable,
    /// From there on.
    Heavy,
}

impl Loss {
    /// Of a mean divergence in nats.
    pub fn of(mean_kld: f64) -> Self {
        match mean_kld {
            kld if kld < 0.01 => Self::NearLossless,
            kld if kld < 0.05 => Self::Good,
            kld if kld < 0.3 => Self::Noticeable,
            _ => Self::Heavy,
        }
    }

    /// As people read it, and the threshold behind it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NearLossless => ("near lossless", "mean KLD below 0.01"),
            Self::Good => ("good", "mean KLD from 0.01 to 0.05"),
            Self::Noticeable => ("noticeable loss", "mean KLD from 0.05 to 0.3"),
            Self::Heavy => ("heavy loss", "mean KLD of 0.3 and more"),
        }
    }
}

/// The name of the text that Whittle brings.
pub const BUILT_IN_TEXT: &str = "built-in evaluation text";
/// Longest text of the user's own in a file, bytes.
pub const TEXT_FILE_BYTES_LIMIT: usize = 4 << 20;
/// Chunks by default.
pub const CHUNKS: u32 = 40;
/// Chunks of a quick look.
pub const CHUNKS_QUICK: u32 = 10;
/// Most chunks.
pub const CHUNKS_LIMIT: u32 = 1_000;
/// Tokens of a chunk. Each is processed in one batch of that many (`n_ctx`,
/// `n_batch` and `n_ubatch`): the size of a batch alone moves the figures.
pub const CHUNK_TOKENS: u32 = 512;
/// Largest text of the user's own, bytes: what a request has room for.
pub const TEXT_BYTES_LIMIT: usize = 900_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_no_answer_unless_the_baseline_is_silent_too() {
        let is_silent = |common: &str, baseline: &str, variant: &str| {
            let answer = AnswerComparison {
                prompt: 1,
                common: common.to_owned(),
                baseline_rest: baseline.to_owned(),
                variant_rest: variant.to_owned(),
                baseline_token_bytes: None,
                variant_token_bytes: None,
                n_common_tokens: 0,
                kld: Vec::new(),
            };
            answer.is_silent()
        };
        assert!(is_silent("", "Yes.", "") && is_silent("", "Yes.", " \n"));
        assert!(!is_silent("Yes", " indeed.", ""));
        assert!(!is_silent("", "Yes.", "No."));
        assert!(!is_silent("", "", ""), "neither answers");
    }
}
