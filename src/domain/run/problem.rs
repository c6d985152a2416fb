//! What is wrong with a request for a run, said once for two kinds of readers:
//! programs know the fields of a request, people the labels of the form.

use super::setting::Setting;
use super::stored::Technique;
use crate::domain::defaults::{
    EXPECTED_CHARS_LIMIT, NOISE_LAUNCHES, PROMPT_CHARS_LIMIT, PROMPTS_LIMIT, RECIPES_LIMIT,
};
use crate::domain::error::AppError;
use crate::domain::pruning::PruningMethod;
use crate::domain::quality::TEXT_BYTES_LIMIT;
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::Recipe;
use crate::domain::units;

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

/// Who reads it.
#[derive(Clone, Copy)]
enum Reader {
    Program,
    Person,
}

impl RunProblem {
    /// The same in the words of the form.
    pub fn in_the_form(&self) -> String {
        self.words(Reader::Person)
    }

    /// Whether it lies in this setting, alone or together with another.
    pub fn is_in_setting(&self, setting: Setting) -> bool {
        match self {
            Self::OutOfRange { setting: this, .. } | Self::NotANumber { setting: this, .. } => {
                *this == setting
            }
            Self::PhysicalBatchTooLarge { .. } => {
                matches!(setting, Setting::NUbatch | Setting::NBatch)
            }
            Self::NoRoomForPrompt { .. } => matches!(setting, Setting::MaxTokens | Setting::NCtx),
            Self::NoGpu { .. } => setting == Setting::NGpuLayers,
            _ => false,
        }
    }

    /// The setting to look at first; none: it does not lie in a setting.
    pub fn setting(&self) -> Option<Setting> {
        match self {
            Self::OutOfRange { setting, .. } | Self::NotANumber { setting, .. } => Some(*setting),
            Self::PhysicalBatchTooLarge { .. } => Some(Setting::NUbatch),
            Self::NoRoomForPrompt { .. } => Some(Setting::MaxTokens),
            Self::NoGpu { .. } => Some(Setting::NGpuLayers),
            _ => None,
        }
    }

    /// The prompt that it lies in, from 1.
    pub fn prompt(&self) -> Option<usize> {
        match self {
            Self::PromptEmpty { number }
            | Self::PromptTooLong { number, .. }
            | Self::PromptHasNul { number }
            | Self::ExpectedEmpty { number }
            | Self::ExpectedTooLong { number, .. }
            | Self::ExpectedPattern { number, .. } => Some(*number),
            _ => None,
        }
    }

    /// Whether it lies in what is expected of that prompt's answer.
    pub fn is_expectation(&self) -> bool {
        matches!(
            self,
            Self::ExpectedEmpty { .. }
                | Self::ExpectedTooLong { .. }
                | Self::ExpectedPattern { .. }
        )
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

    fn words(&self, reader: Reader) -> String {
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

impl Reader {
    fn name(self, setting: Setting) -> &'static str {
        match self {
            Self::Program => setting.name(),
            Self::Person => setting.label(),
        }
    }

    fn number(self, value: i64) -> String {
        let sign = if value < 0 { "-" } else { "" };
        match self {
            Self::Program => value.to_string(),
            Self::Person => format!("{sign}{}", units::count(value.unsigned_abs())),
        }
    }

    fn not_a_model_id(self) -> &'static str {
        match self {
            Self::Program => {
                "model is not a library id; ids are lower-case letters, digits, '.', '_' and '-', \
                 and GET /api/models lists them"
            }
            Self::Person => "the model is not one of the library; choose another",
        }
    }

    fn no_prompt(self) -> &'static str {
        match self {
            Self::Program => {
                "test_queries is empty; give at least one prompt, or leave the field out for the \
                 defaults"
            }
            Self::Person => "there is no prompt; add one",
        }
    }

    fn have_recipes(self) -> &'static str {
        match self {
            Self::Program => "recipes has",
            Self::Person => "there are",
        }
    }

    fn imatrix(self) -> &'static str {
        match self {
            Self::Program => "set imatrix to true",
            Self::Person => "switch it on",
        }
    }

    fn no_imatrix(self) -> &'static str {
        match self {
            Self::Program => "set imatrix to false",
            Self::Person => "switch it off",
        }
    }

    fn quality_of_nothing(self) -> &'static str {
        match self {
            Self::Program => {
                "quality is asked for and recipes is empty; name the variants that are compared \
                 with the model"
            }
            Self::Person => "quality compares variants with the model; choose at least one",
        }
    }

    fn two_texts(self) -> &'static str {
        match self {
            Self::Program => "evaluation_text and kept_text are both given; give one of them",
            Self::Person => "two texts for quality are given; choose one",
        }
    }

    fn not_a_text_hash(self) -> &'static str {
        match self {
            Self::Program => {
                "kept_text.sha256 is no SHA-256 in 64 hexadecimal digits; runs name their texts in \
                 spec.quality.text"
            }
            Self::Person => "the text for quality is not one that was kept; choose its file again",
        }
    }

    fn unknown_field(self, name: &str, known: &[&str]) -> String {
        match self {
            Self::Program => format!(
                "{name} is no field of this request; its fields are {}",
                known.join(", ")
            ),
            Self::Person => "the page sent what this Whittle does not know; reload it".to_owned(),
        }
    }

    fn other_technique(self, asked: Technique, path: Technique) -> String {
        let (asked, path) = (asked.word(), path.word());
        match self {
            Self::Program => format!(
                "technique is {asked} and this path measures {path}; leave technique out, or send \
                 it to /api/benchmark/{asked}"
            ),
            Self::Person => format!("this measures {path}, not {asked}"),
        }
    }

    fn recipes_beside(self, path: Technique) -> &'static str {
        match (self, path) {
            (Self::Person, _) => "this is measured without variants of your choice",
            (Self::Program, Technique::Baseline) => {
                "recipes and quality are not for this path, which measures the model alone; send \
                 them to /api/runs"
            }
            (Self::Program, Technique::Quantization) => {
                "recipes and quantization_level are both given; leave recipes out, or send them \
                 to /api/runs"
            }
            (Self::Program, Technique::Pruning) => {
                "recipes and pruning_ratio are both given; leave recipes out, or send them to \
                 /api/runs"
            }
            (Self::Program, Technique::Noise) => {
                "recipes and quality are not for this path, which measures the model against \
                 itself; send them to /api/runs"
            }
        }
    }

    fn have_prompts(self) -> &'static str {
        match self {
            Self::Program => "test_queries has",
            Self::Person => "there are",
        }
    }
}

impl From<RunProblem> for AppError {
    fn from(problem: RunProblem) -> Self {
        Self::bad_request(problem.to_string())
    }
}
