//! What is asked of a model, and the answer that is expected of it.

use serde::{Deserialize, Serialize};

use super::defaults;
use super::pattern;
use super::run::{RunProblem, RunSettings};
use super::units;

/// Characters of a token, roughly: true of English text and most vocabularies.
const CHARS_A_TOKEN: usize = 4;

/// A prompt. Without an expectation it is written as a plain text, as all
/// prompts were before there were expectations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(from = "Written", into = "Written")]
pub struct Prompt {
    /// What is asked.
    pub text: String,
    /// What makes the answer right; none: answers are not judged.
    pub expected: Option<Expectation>,
}

/// What an answer must hold to be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// This text, whatever its case and white space.
    Text(
        #[cfg_attr(test, schemars(length(min = 1, max = defaults::EXPECTED_CHARS_LIMIT)))]
        #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
        String,
    ),
    /// Somewhere a match of this regular expression, in the syntax of Rust's
    /// `regex` crate.
    Regex(
        #[cfg_attr(test, schemars(length(min = 1, max = defaults::EXPECTED_CHARS_LIMIT)))]
        #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
        String,
    ),
}

/// What a prompt must match: not blank, no NUL.
#[cfg(test)]
const PROMPT_PATTERN: &str = r"^[^\x00]*[^\s\x00][^\x00]*$";

/// A prompt as JSON has it.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a prompt is a text, or {\"prompt\": \"…\", \"expected\": {\"text\": \"…\"}}, or the \
                 same with \"regex\" for \"text\""
)]
enum Written {
    /// Answers are not judged.
    Plain(
        #[cfg_attr(test, schemars(length(min = 1, max = defaults::PROMPT_CHARS_LIMIT)))]
        #[cfg_attr(test, schemars(regex(pattern = PROMPT_PATTERN)))]
        String,
    ),
    /// Answers are judged.
    Judged {
        /// What is asked.
        #[cfg_attr(test, schemars(length(min = 1, max = defaults::PROMPT_CHARS_LIMIT)))]
        #[cfg_attr(test, schemars(regex(pattern = PROMPT_PATTERN)))]
        prompt: String,
        /// What makes the answer right; left out or null: it is not judged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<Expectation>,
    },
}

impl From<Written> for Prompt {
    fn from(written: Written) -> Self {
        let (text, expected) = match written {
            Written::Plain(text) => (text, None),
            Written::Judged { prompt, expected } => (prompt, expected),
        };
        Self { text, expected }
    }
}

impl From<Prompt> for Written {
    fn from(Prompt { text, expected }: Prompt) -> Self {
        match expected {
            None => Self::Plain(text),
            Some(_) => Self::Judged {
                prompt: text,
                expected,
            },
        }
    }
}

impl From<&str> for Prompt {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            expected: None,
        }
    }
}

impl Prompt {
    /// The prompts of whoever has none of their own.
    pub fn defaults() -> Vec<Self> {
        defaults::PROMPTS.map(Self::from).to_vec()
    }

    /// Its length in tokens, roughly: the model alone knows, and the run learns
    /// the true count.
    pub fn rough_tokens(&self) -> usize {
        self.text.chars().count().div_ceil(CHARS_A_TOKEN)
    }
}

impl Expectation {
    /// The text or the pattern, as it was written.
    pub fn written(&self) -> &str {
        match self {
            Self::Text(text) | Self::Regex(text) => text,
        }
    }
}

/// Refuses lists of prompts that cannot be measured.
///
/// # Errors
/// When there are none or too many, or one of them cannot be used.
pub(super) fn checked(prompts: Vec<Prompt>) -> Result<Vec<Prompt>, RunProblem> {
    if prompts.is_empty() {
        return Err(RunProblem::NoPrompt);
    }
    if prompts.len() > defaults::PROMPTS_LIMIT {
        return Err(RunProblem::TooManyPrompts { n: prompts.len() });
    }
    for (number, prompt) in (1..).zip(&prompts) {
        check_text(number, &prompt.text)?;
        if let Some(expected) = &prompt.expected {
            check_expectation(number, expected)?;
        }
    }
    Ok(prompts)
}

fn check_text(number: usize, text: &str) -> Result<(), RunProblem> {
    if text.trim().is_empty() {
        return Err(RunProblem::PromptEmpty { number });
    }
    let n_chars = text.chars().count();
    if n_chars > defaults::PROMPT_CHARS_LIMIT {
        return Err(RunProblem::PromptTooLong { number, n_chars });
    }
    if text.contains('\0') {
        return Err(RunProblem::PromptHasNul { number });
    }
    Ok(())
}

fn check_expectation(number: usize, expected: &Expectation) -> Result<(), RunProblem> {
    let written = expected.written();
    if written.trim().is_empty() {
        return Err(RunProblem::ExpectedEmpty { number });
    }
    let n_chars = written.chars().count();
    if n_chars > defaults::EXPECTED_CHARS_LIMIT {
        return Err(RunProblem::ExpectedTooLong { number, n_chars });
    }
    if let Expectation::Regex(written) = expected {
        pattern::check(written).map_err(|reason| RunProblem::ExpectedPattern { number, reason })?;
    }
    Ok(())
}

/// Warns of the prompts that will hardly fit into the context, before the model
/// has counted their tokens.
pub fn length_caution(prompts: &[Prompt], settings: &RunSettings) -> Option<String> {
    let n_ctx = settings.n_ctx as usize;
    let needs = |prompt: &Prompt| prompt.rough_tokens() + settings.max_tokens as usize;
    let longest = (1..)
        .zip(prompts)
        .max_by_key(|(_, prompt)| needs(prompt))
        .filter(|(_, prompt)| needs(prompt) > n_ctx)?;
    let (number, prompt): (usize, &Prompt) = longest;
    Some(format!(
        "Prompt {number} may be too long: roughly {} tokens (at {CHARS_A_TOKEN} characters a \
         token) and {} generated, and the context has {}. Raise the context in the settings, or \
         shorten the prompt.",
        units::count(prompt.rough_tokens() as u64),
        units::count(settings.max_tokens.into()),
        units::count(settings.n_ctx.into()),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(expected: Expectation) -> Prompt {
        Prompt {
            text: "2 + 2?".to_owned(),
            expected: Some(expected),
        }
    }

    #[test]
    fn a_prompt_without_an_expectation_is_a_plain_text() {
        let prompts = vec![
            Prompt::from("hello"),
            judged(Expectation::Text("4".to_owned())),
            judged(Expectation::Regex(r"\b4\b".to_owned())),
        ];
        let written = json!([
            "hello",
            {"prompt": "2 + 2?", "expected": {"text": "4"}},
            {"prompt": "2 + 2?", "expected": {"regex": r"\b4\b"}},
        ]);
        assert_eq!(serde_json::to_value(&prompts).expect("JSON"), written);
        let read: Vec<Prompt> = serde_json::from_value(written).expect("prompts");
        assert_eq!(read, prompts);
        let bare: Prompt = serde_json::from_value(json!({"prompt": "hello"})).expect("a prompt");
        assert_eq!(bare, Prompt::from("hello"));
    }

    #[test]
    fn a_misspelt_prompt_is_refused_with_the_form() {
        for wrong in [
            json!({"prompt": "a", "expects": {"text": "4"}}),
            json!({"prompt": "a", "expected": {"text": "4", "regex": "4"}}),
            json!({"prompt": "a", "expected": "4"}),
            json!({"expected": {"text": "4"}}),
            json!(4),
        ] {
            let error = serde_json::from_value::<Prompt>(wrong.clone()).expect_err("wrong");
            assert!(
                error.to_string().contains("a prompt is a text"),
                "{wrong}: {error}"
            );
        }
    }

    #[test]
    fn expectations_are_checked_by_the_number_of_their_prompt() {
        let says = |expected| {
            let prompts = vec![Prompt::from("a"), judged(expected)];
            checked(prompts).map_err(|problem| problem.to_string())
        };
        for (expected, part) in [
            (Expectation::Text(" ".to_owned()), "of prompt 2 is empty"),
            (Expectation::Regex(String::new()), "of prompt 2 is empty"),
            (Expectation::Text("é".repeat(1001)), "has 1001 characters"),
        ] {
            let error = says(expected).expect_err("refused");
            assert!(error.contains(part), "{error}");
        }
        assert!(says(Expectation::Text("é".repeat(1000))).is_ok());
    }

    #[test]
    fn the_longest_prompt_is_warned_of_when_it_may_not_fit() {
        let settings = RunSettings::default();
        let of = |chars: &[usize]| {
            let prompts: Vec<Prompt> = chars
                .iter()
                .map(|n| Prompt::from("é".repeat(*n).as_str()))
                .collect();
            length_caution(&prompts, &settings)
        };
        // 2,048 tokens of context less 128 generated, at 4 characters each.
        assert_eq!(of(&[7680, 5]), None);
        let caution = of(&[5, 7681, 12_000]).expect("a caution");
        assert!(caution.contains("Prompt 3") && caution.contains("roughly 3,000 tokens"));
    }
}
