//! What is wrong, in a sentence for either reader.

use super::RunProblem;
use super::reader::Reader;
use crate::domain::defaults::{
    EXPECTED_CHARS_LIMIT, NOISE_LAUNCHES, PROMPT_CHARS_LIMIT, PROMPTS_LIMIT, RECIPES_LIMIT,
};
use crate::domain::quality::{CHUNK_TOKENS, TEXT_BYTES_LIMIT};
use crate::domain::run::setting::Setting;

impl RunProblem {
    /// The same in the words of the form.
    pub fn in_the_form(&self) -> String {
        self.words(Reader::Person)
    }

    /// Why the expected answer of this prompt is no regular expression, where a message
    /// of the server says that. The browser does not know by itself.
    pub fn pattern_reason(message: &str, number: usize) -> Option<&str> {
        const PLACE: &str = "\0";
        let reason = PLACE.to_owned();
        let said = Self::ExpectedPattern { number, reason }.to_string();
        let (before, after) = said.split_once(PLACE)?;
        message.strip_prefix(before)?.strip_suffix(after)
    }

    pub(super) fn words(&self, reader: Reader) -> String {
        let name = |setting| reader.name(setting);
        let number = |value: u32| reader.number(value.into());
        match self {
            Self::OutOfRange { setting, value } => {
                let (least, most) = setting.range().into_inner();
                format!(
                    "{} is {}; it must be {} to {}",
                    name(*setting),
                    reader.number(*value),
                    number(least),
                    number(most)
                )
            }
            Self::NotANumber { setting, text } => {
                format!("{} is \"{text}\"; write a whole number", name(*setting))
            }
            Self::PhysicalBatchTooLarge { n_ubatch, n_batch } => {
                let part = name(Setting::NUbatch);
                format!(
                    "{part} is {} and {} {}; a physical batch is a part of a logical one: lower \
                     {part}",
                    number(*n_ubatch),
                    name(Setting::NBatch),
                    number(*n_batch)
                )
            }
            Self::NoRoomForPrompt { max_tokens, n_ctx } => format!(
                "{} is {} and {} {}; leave room for the prompt",
                name(Setting::MaxTokens),
                number(*max_tokens),
                name(Setting::NCtx),
                number(*n_ctx)
            ),
            Self::NoGpu { n_layers } => format!(
                "{} is {} and this Whittle was built without support for a GPU; leave it at 0, or \
                 build it with the feature cuda, metal or vulkan",
                name(Setting::NGpuLayers),
                reader.number(*n_layers)
            ),
            Self::NotAModelId => reader.not_a_model_id().to_owned(),
            Self::NoPrompt => reader.no_prompt().to_owned(),
            Self::TooManyPrompts { n } => {
                let have = reader.have_prompts();
                format!("{have} {n} prompts; at most {PROMPTS_LIMIT} are measured in one run")
            }
            Self::PromptEmpty { number } => {
                format!("prompt {number} is empty; write a text or remove it")
            }
            Self::PromptTooLong { number, n_chars } => format!(
                "prompt {number} has {} characters; at most {} are taken",
                reader.number(*n_chars as i64),
                reader.number(PROMPT_CHARS_LIMIT as i64)
            ),
            Self::PromptHasNul { number } => {
                format!("prompt {number} contains a NUL character; remove it")
            }
            Self::ExpectedEmpty { number } => {
                format!("the expected answer of prompt {number} is empty; write it, or expect none")
            }
            Self::ExpectedTooLong { number, n_chars } => format!(
                "the expected answer of prompt {number} has {} characters; at most {} are taken",
                reader.number(*n_chars as i64),
                reader.number(EXPECTED_CHARS_LIMIT as i64)
            ),
            Self::ExpectedPattern { number, reason } => format!(
                "the expected answer of prompt {number} is no regular expression that can be used: \
                 {reason}; correct it, or expect a text"
            ),
            Self::TooManyRecipes { n } => {
                let have = reader.have_recipes();
                format!("{have} {n} variants; at most {RECIPES_LIMIT} are measured in one run")
            }
            Self::RecipeEmpty { number } => format!(
                "variant {number} changes nothing; say how to prune or quantize it: the model \
                 itself is always measured"
            ),
            Self::RecipeTwice(recipe) => {
                format!("{} is asked for twice; ask for it once", recipe.label())
            }
            Self::NeedsImatrix(level) => {
                let switch = reader.imatrix();
                format!("{level} cannot be made without an importance matrix; {switch}")
            }
            Self::ImatrixOfNothing(level) => {
                let switch = reader.no_imatrix();
                format!(
                    "{level} quantizes nothing, so that an importance matrix changes nothing; \
                     {switch}"
                )
            }
            Self::BudgetMethod(method) => format!(
                "a loss budget is for pruning by depth, which removes block after block and can \
                 stop; {method} cannot: leave the budget out, or prune by depth"
            ),
            Self::QualityOfNothing => reader.quality_of_nothing().to_owned(),
            Self::EvaluationTextEmpty => {
                "the text for quality is empty; write it, or leave it out for the built-in one"
                    .to_owned()
            }
            Self::EvaluationTextTooShort { n_bytes } => format!(
                "the text for quality has {} bytes and so less than one chunk of {CHUNK_TOKENS} \
                 tokens; use a longer text",
                reader.number(*n_bytes as i64)
            ),
            Self::EvaluationTextTooLong { n_bytes } => format!(
                "the text for quality has {} bytes; at most {} are taken: {} chunks need no more",
                reader.number(*n_bytes as i64),
                reader.number(TEXT_BYTES_LIMIT as i64),
                crate::domain::quality::CHUNKS
            ),
            Self::TwoTexts => reader.two_texts().to_owned(),
            Self::NotATextHash => reader.not_a_text_hash().to_owned(),
            Self::UnknownField { name, known } => reader.unknown_field(name, known),
            Self::OtherTechnique { asked, path } => reader.other_technique(*asked, *path),
            Self::RecipesBeside(path) => reader.recipes_beside(*path).to_owned(),
            Self::TooFewForNoise { iterations } => format!(
                "{} is {iterations}; a model is measured against itself at least {NOISE_LAUNCHES} \
                 times",
                name(Setting::Iterations)
            ),
        }
    }
}
