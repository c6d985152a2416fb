//! The prompts of a run on the command line: given one by one, read from a
//! file, or a set of the dashboard.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::flags::{PROMPT, or_missing};
use super::given;
use crate::domain::prompt::Prompt;
use crate::domain::prompt_set::DEFAULT_NAME;
use crate::server::AppState;

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct PromptArgs {
    /// A prompt; repeatable [default: the two of the dashboard].
    #[arg(long)]
    prompt: Vec<String>,
    /// A file of prompts: one a line, or a JSON array of texts and of
    /// {"prompt": "…", "expected": {"text": "…"}}, or "regex" for "text".
    #[arg(long, value_name = "FILE")]
    prompts_file: Option<PathBuf>,
    /// A prompt set that was saved in the dashboard.
    #[arg(long, value_name = "NAME")]
    prompt_set: Option<String>,
}

const FILE: &str = "--prompts-file";
const SET: &str = "--prompt-set";

impl PromptArgs {
    /// The flag that gives them.
    pub(super) fn flag(&self) -> &'static str {
        match (&self.prompts_file, &self.prompt_set) {
            (Some(_), _) => FILE,
            (None, Some(_)) => SET,
            (None, None) => PROMPT,
        }
    }

    /// The prompts; none: the defaults.
    pub(super) async fn prompts(&self, state: &AppState) -> anyhow::Result<Option<Vec<Prompt>>> {
        if let Some(file) = &self.prompts_file {
            return read(file).map(Some);
        }
        if let Some(name) = &self.prompt_set {
            if name.eq_ignore_ascii_case(DEFAULT_NAME) {
                return Ok(None);
            }
            let set = state.prompt_set(name).await;
            let missing = || {
                format!("{SET}: there is no prompt set {name}; the dashboard's form offers them")
            };
            let set = set.map_err(|error| or_missing(error, missing))?;
            return Ok(Some(set.prompts));
        }
        let given: Vec<Prompt> = self
            .prompt
            .iter()
            .map(|text| text.as_str().into())
            .collect();
        Ok((!given.is_empty()).then_some(given))
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<Prompt>> {
    parse(&given::text(FILE, file)?).with_context(|| {
        format!(
            "{FILE} {} begins as a JSON array and is none of prompts",
            file.display()
        )
    })
}

/// A JSON array, or a prompt a line; blank lines are left out.
fn parse(text: &str) -> serde_json::Result<Vec<Prompt>> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('[') {
        return serde_json::from_str(text);
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(Prompt::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::prompt::Expectation;

    #[test]
    fn a_file_has_a_prompt_a_line_or_is_json() {
        let lines = parse("\u{feff}one\r\n\n  two \n").expect("prompts");
        assert_eq!(lines, ["one".into(), "two".into()]);
        let json = r#" ["a\nb", {"prompt": "2 + 2?", "expected": {"text": "4"}}]"#;
        let prompts = parse(json).expect("prompts");
        assert_eq!(prompts[0], "a\nb".into());
        let expected = Some(Expectation::Text("4".to_owned()));
        assert_eq!(prompts[1].expected, expected);
        assert!(parse("[1]").is_err());
    }
}
