//! One prompt being written, with the answer that is expected of it.

use leptos::prelude::*;

use crate::domain::prompt::{Expectation, Prompt};

/// What kind of answer a prompt expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedKind {
    /// Any: answers are not judged.
    Any,
    /// One that contains a text.
    Text,
    /// One that matches a regular expression.
    Regex,
}

/// A prompt being written; the key stays when others are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptField {
    /// Its own number.
    pub key: u32,
    /// The text.
    pub text: RwSignal<String>,
    /// What kind of answer is expected.
    pub kind: RwSignal<ExpectedKind>,
    /// The expected text or pattern; kept while any answer is right.
    pub expected: RwSignal<String>,
}

impl PromptField {
    /// Filled with a prompt.
    pub fn new(key: u32, prompt: &Prompt) -> Self {
        let kind = match prompt.expected {
            None => ExpectedKind::Any,
            Some(Expectation::Text(_)) => ExpectedKind::Text,
            Some(Expectation::Regex(_)) => ExpectedKind::Regex,
        };
        let expected = prompt.expected.as_ref().map_or("", Expectation::written);
        Self {
            key,
            text: RwSignal::new(prompt.text.clone()),
            kind: RwSignal::new(kind),
            expected: RwSignal::new(expected.to_owned()),
        }
    }

    /// The prompt as written.
    pub fn prompt(&self) -> Prompt {
        let expected = match self.kind.get() {
            ExpectedKind::Any => None,
            ExpectedKind::Text => Some(Expectation::Text(self.expected.get())),
            ExpectedKind::Regex => Some(Expectation::Regex(self.expected.get())),
        };
        Prompt {
            text: self.text.get(),
            expected,
        }
    }
}
