//! Whether answers hold what was expected of them.

use super::statistics::wilson;
use crate::domain::benchmark::{Answer, RightAnswers};
use crate::domain::pattern;
use crate::domain::prompt::{Expectation, Prompt};
use crate::domain::sample::RequestSample;

/// Whether an answer is right; none where a pattern cannot be used.
fn is_right(expected: &Expectation, answer: &str) -> Option<bool> {
    match expected {
        Expectation::Text(text) => Some(plain(answer).contains(&plain(text))),
        Expectation::Regex(written) => Some(pattern::compile(written).ok()?.is_match(answer)),
    }
}

/// Judges the answers of a launch, one for each prompt; none: nothing is
/// expected. On a thread of its own: a large pattern takes seconds for a long
/// answer, and whoever cancels the run must not wait for it.
pub(super) async fn verdicts(prompts: &[Prompt], requests: &[RequestSample]) -> Vec<Option<bool>> {
    let answers: Vec<(Option<Expectation>, String)> = prompts
        .iter()
        .zip(requests)
        .map(|(prompt, request)| (prompt.expected.clone(), request.generation.text.clone()))
        .collect();
    let judge =
        |(expected, text): &(Option<Expectation>, String)| is_right(expected.as_ref()?, text);
    let judging = move || answers.iter().map(judge).collect();
    tokio::task::spawn_blocking(judging)
        .await
        .unwrap_or_else(|_| vec![None; prompts.len()])
}

/// The share of right answers among those that were judged.
pub(super) fn right_answers(answers: &[Answer]) -> Option<RightAnswers> {
    let judged: Vec<bool> = answers
        .iter()
        .filter_map(|answer| answer.is_right)
        .collect();
    let n_right = judged.iter().filter(|is_right| **is_right).count();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    wilson(count(n_right), count(judged.len()))
}

/// A text without its case and with single spaces.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_whatever_its_case_and_white_space() {
        let is_right = |text: &str, answer| is_right(&Expectation::Text(text.to_owned()), answer);
        assert_eq!(is_right("Paris", "It is PARIS, of course."), Some(true));
        assert_eq!(is_right(" new\tyork ", "in New\n  York."), Some(true));
        assert_eq!(is_right("ÉTÉ", "l'été"), Some(true));
        assert_eq!(is_right("4", "five"), Some(false));
        assert_eq!(is_right("new york", "newyork"), Some(false));
    }

    #[test]
    fn a_pattern_matches_anywhere() {
        let is_right = |text: &str, answer| is_right(&Expectation::Regex(text.to_owned()), answer);
        assert_eq!(is_right(r"\b4\b", "It is 4."), Some(true));
        assert_eq!(is_right(r"\b4\b", "It is 42."), Some(false));
        assert_eq!(is_right(r"^4", " 4"), Some(false));
        assert_eq!(is_right(r"(?i)PARIS", "paris"), Some(true));
        assert_eq!(is_right("(", "("), None);
    }
}
