//! A prompt as it was asked, and what was expected of its answer.

use leptos::prelude::*;

use crate::components::words;
use crate::domain::prompt::{Expectation, Prompt};

/// Longest text that is shown at once, in characters, and what is shown of a
/// longer one.
const SHOWN_CHARS: usize = 600;
const START_CHARS: usize = 200;

/// The prompt's text, a long one folded, and what was expected.
#[component]
pub fn PromptText(
    /// The prompt.
    prompt: Prompt,
) -> impl IntoView {
    let Prompt { text, expected } = prompt;
    let n_chars = text.chars().count();
    let expected =
        expected.map(|expected| view! { <p class="note">"Expected: " <Expected expected/></p> });
    let text = if n_chars <= SHOWN_CHARS {
        view! { <p class="answer-prompt">{text}</p> }.into_any()
    } else {
        let start: String = text.chars().take(START_CHARS).collect();
        let length = words::plural(n_chars as u64, "character", "characters");
        view! {
            <details class="long-prompt">
                <summary>
                    <span class="answer-prompt">{start}"…"</span>
                    " "
                    <span class="note">{format!("all {length}")}</span>
                </summary>
                <p class="answer-prompt">{text}</p>
            </details>
        }
        .into_any()
    };
    view! { {text} {expected} }
}

/// What an answer had to hold.
#[component]
pub fn Expected(
    /// The expectation.
    expected: Expectation,
) -> impl IntoView {
    let (how, written) = match expected {
        Expectation::Text(text) => ("contains ", text),
        Expectation::Regex(pattern) => ("matches the regular expression ", pattern),
    };
    view! { {how} <code dir="auto">{written}</code> }
}
