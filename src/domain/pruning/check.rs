//! What pruning a model cost on text that it was not chosen by.

use serde::{Deserialize, Serialize};

use crate::domain::quality::{AnswerComparison, CHUNKS_QUICK};
use crate::domain::units;

/// Chunks of the evaluation text that a pruned file is checked on.
pub const CHECK_CHUNKS: u32 = CHUNKS_QUICK;

/// Held-out text, read by the base and by what was made of it, and a prompt that
/// both answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningCheck {
    /// Chunks of 512 tokens of the evaluation text.
    pub n_chunks: u32,
    /// Perplexity of the base.
    pub base_perplexity: f64,
    /// Perplexity of the pruned model; from 10 times the base's on it is said to be broken.
    pub perplexity: f64,
    /// The beginnings of both answers to the first default prompt; null: an older
    /// version did not keep them.
    #[serde(default)]
    pub answer: Option<AnswerComparison>,
}

impl PruningCheck {
    /// From this ratio of perplexities on, a model is said to be broken: its
    /// probability of the right token has fallen to a tenth.
    pub const BROKEN_FROM: f64 = 10.0;

    /// Perplexity over the base's.
    pub fn ratio(&self) -> f64 {
        self.perplexity / self.base_perplexity
    }

    /// What is said of a model that is broken.
    pub const BROKEN: &str = "this model no longer answers sensibly";

    /// Whether it says nothing where its base says something.
    pub fn is_silent(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(AnswerComparison::is_silent)
    }

    /// Why it is broken, and what helps, if it is.
    pub fn broken_in_words(&self) -> Option<String> {
        let silent = match self.is_silent() {
            true => "It answers nothing where the base answers something. ",
            false => "",
        };
        self.is_broken().then(|| {
            format!(
                "{silent}On {} of text that it was not made by, its perplexity is {} times the base's, \
                 and {} times or more counts as broken: remove less, or choose another method.",
                units::plural(self.n_chunks.into(), "chunk", "chunks"),
                units::number(self.ratio()),
                Self::BROKEN_FROM
            )
        })
    }

    /// Whether the model no longer answers sensibly.
    pub fn is_broken(&self) -> bool {
        let ratio = self.ratio();
        ratio.is_nan() || ratio >= Self::BROKEN_FROM || self.is_silent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_without_a_sensible_figure_is_broken() {
        let check = |perplexity| PruningCheck {
            n_chunks: 4,
            base_perplexity: 20.0,
            perplexity,
            answer: None,
        };
        assert!(!check(24.0).is_broken());
        assert!(check(200.0).is_broken());
        assert!(check(f64::NAN).is_broken() && check(f64::INFINITY).is_broken());
        assert_eq!(check(24.0).broken_in_words(), None);
        let said = check(246.0).broken_in_words().expect("it is broken");
        assert_eq!(
            said,
            "On 4 chunks of text that it was not made by, its perplexity is 12.30 times the base's, and \
             10 times or more counts as broken: remove less, or choose another method."
        );
    }
}
