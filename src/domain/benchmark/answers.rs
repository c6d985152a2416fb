//! What a model answered, and how much of it is right.

use serde::{Deserialize, Serialize};

use crate::domain::sample::StopReason;

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
