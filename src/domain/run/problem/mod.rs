//! What is wrong with a request for a run, said once for two kinds of readers:
//! programs know the fields of a request, people the labels of the form.

mod place;
mod reader;
#[cfg(test)]
mod tests;
mod words;

use super::setting::Setting;
use super::stored::Technique;
use crate::domain::error::AppError;
use crate::domain::pruning::PruningMethod;
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::Recipe;
use reader::Reader;

/// The first thing that is wrong. As a text it is in the words of the HTTP
/// interface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.words(Reader::Program))]
pub enum RunProblem {
    /// A number is out of its range.
    OutOfRange {
        /// Which.
        setting: Setting,
        /// The number.
        value: i64,
    },
    /// What was typed is no whole number.
    NotANumber {
        /// Where.
        setting: Setting,
        /// What was typed.
        text: String,
    },
    /// A part is larger than its whole.
    PhysicalBatchTooLarge {
        /// Physical batch, tokens.
        n_ubatch: u32,
        /// Logical batch, tokens.
        n_batch: u32,
    },
    /// What is generated fills the context.
    NoRoomForPrompt {
        /// Tokens to generate.
        max_tokens: u32,
        /// Context length, tokens.
        n_ctx: u32,
    },
    /// Layers for a GPU, of a Whittle that was built for none.
    NoGpu {
        /// How many.
        n_layers: i64,
    },
    /// The model's id is none.
    NotAModelId,
    /// There is no prompt.
    NoPrompt,
    /// There are more prompts than are measured in a run.
    TooManyPrompts {
        /// How many.
        n: usize,
    },
    /// A prompt says nothing.
    PromptEmpty {
        /// From 1.
        number: usize,
    },
    /// A prompt is too long.
    PromptTooLong {
        /// From 1.
        number: usize,
        /// Its characters.
        n_chars: usize,
    },
    /// A prompt contains a NUL.
    PromptHasNul {
        /// From 1.
        number: usize,
    },
    /// An expected answer says nothing.
    ExpectedEmpty {
        /// Its prompt, from 1.
        number: usize,
    },
    /// An expected answer is too long.
    ExpectedTooLong {
        /// Its prompt, from 1.
        number: usize,
        /// Its characters.
        n_chars: usize,
    },
    /// An expected answer is no regular expression that can be used.
    ExpectedPattern {
        /// Its prompt, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// There are more variants than are measured in a run.
    TooManyRecipes {
        /// How many.
        n: usize,
    },
    /// A recipe does nothing.
    RecipeEmpty {
        /// From 1.
        number: usize,
    },
    /// A variant is asked for twice.
    RecipeTwice(Recipe),
    /// A type cannot be made without an importance matrix.
    NeedsImatrix(QuantizationType),
    /// A type that quantizes nothing takes no importance matrix.
    ImatrixOfNothing(QuantizationType),
    /// A loss budget for a method that removes everything at once.
    BudgetMethod(PruningMethod),
    /// Quality without a variant that could have lost some.
    QualityOfNothing,
    /// The text for quality says nothing.
    EvaluationTextEmpty,
    /// The text for quality has too few bytes for a chunk of tokens.
    EvaluationTextTooShort {
        /// Its bytes.
        n_bytes: usize,
    },
    /// The text for quality is too long.
    EvaluationTextTooLong {
        /// Its bytes.
        n_bytes: usize,
    },
    /// The text for quality is sent, and another is named.
    TwoTexts,
    /// A kept text is named by what is no hash.
    NotATextHash,
    /// The request names another technique than its path.
    OtherTechnique {
        /// What it names.
        asked: Technique,
        /// What the path measures.
        path: Technique,
    },
    /// The request has a field that there is not.
    UnknownField {
        /// Its name.
        name: String,
        /// Those that there are.
        known: Vec<&'static str>,
    },
    /// The request says in two ways, or in a place for none, what to compare.
    RecipesBeside(Technique),
    /// Too few launches of a model against itself.
    TooFewForNoise {
        /// How many.
        iterations: u32,
    },
}

impl From<RunProblem> for AppError {
    fn from(problem: RunProblem) -> Self {
        Self::bad_request(problem.to_string())
    }
}
