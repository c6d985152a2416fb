//! A named list of prompts, kept for other runs.

use serde::{Deserialize, Serialize};

use super::error::AppError;
use super::label::{NAME_CHARS_LIMIT, one_line};
use super::prompt::{Prompt, checked};

/// Most sets that are kept.
pub const SETS_LIMIT: u32 = 200;

/// Most bytes of all their prompts together: they are listed in one answer.
pub const SETS_BYTES_LIMIT: u32 = 8_000_000;

/// What the built-in prompts are called.
pub const DEFAULT_NAME: &str = "Default";

/// A named list of prompts that has passed every check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PromptSet {
    /// Its name: one line, of no other set.
    pub name: String,
    /// 1 to 64 prompts, none blank.
    pub prompts: Vec<Prompt>,
}

impl PromptSet {
    /// Checks name and prompts as they were written.
    ///
    /// # Errors
    /// When the name is empty, too long or the built-in one, or when a run
    /// would not take the prompts.
    pub fn new(name: &str, prompts: Vec<Prompt>) -> Result<Self, AppError> {
        let name = one_line(name);
        let n_chars = name.chars().count();
        if name.is_empty() {
            return Err(AppError::bad_request(
                "the name of the prompt set is empty; write one",
            ));
        }
        if n_chars > NAME_CHARS_LIMIT {
            return Err(AppError::bad_request(format!(
                "the name of the prompt set has {n_chars} characters; at most {NAME_CHARS_LIMIT} \
                 are kept"
            )));
        }
        if name.eq_ignore_ascii_case(DEFAULT_NAME) {
            return Err(AppError::bad_request(format!(
                "{DEFAULT_NAME} is the built-in prompt set; choose another name"
            )));
        }
        // In the words of the form: the field has another name here than in a run.
        let prompts =
            checked(prompts).map_err(|problem| AppError::bad_request(problem.in_the_form()))?;
        Ok(Self { name, prompts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_a_name_of_its_own_and_prompts_that_run() {
        let set = |name: &str| PromptSet::new(name, vec!["a".into()]);
        assert_eq!(set(" my \n sums\u{1b} ").expect("a set").name, "my sums");
        assert!(set(&"日".repeat(120)).is_ok());
        for (name, says) in [
            (" \u{1b} ", "is empty"),
            (&"x".repeat(121), "121 characters"),
            ("default", "built-in"),
        ] {
            let error = set(name).expect_err("refused");
            assert!(error.to_string().contains(says), "{name}: {error}");
        }
        assert!(PromptSet::new("a", Vec::new()).is_err());
        assert!(PromptSet::new("a", vec![" ".into()]).is_err());
    }
}
