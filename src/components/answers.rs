//! What the model answered, as plain text, and whether that was right.

use leptos::prelude::*;

use crate::components::each::each;
use crate::components::prompt_text::{Expected, PromptText};
use crate::components::words;
use crate::domain::benchmark::Answer;
use crate::domain::prompt::{Expectation, Prompt};
use crate::domain::sample::StopReason;

/// The answers of the first launch, one for each prompt.
#[component]
pub fn Answers(
    /// In the order of the prompts.
    answers: Vec<Answer>,
    /// What was asked.
    prompts: Vec<Prompt>,
) -> impl IntoView {
    let expected = prompts.into_iter().map(|prompt| prompt.expected);
    let items = answers
        .into_iter()
        .zip(expected.chain(std::iter::repeat(None)));
    view! {
        <ol class="answers">
            {each(items, |(answer, expected)| view! { <AnswerItem answer expected/> })}
        </ol>
    }
}

#[component]
fn AnswerItem(answer: Answer, expected: Option<Expectation>) -> impl IntoView {
    let end = match answer.stop {
        StopReason::MaxTokens => "ended at the token limit",
        StopReason::EndOfSequence => "the model ended it",
    };
    let counts = format!(
        "{} in, {} out · {end}",
        words::plural(answer.n_prompt_tokens.into(), "token", "tokens"),
        words::plural(answer.n_generated.into(), "token", "tokens"),
    );
    let text = match answer.text.trim() {
        "" => view! { <p class="faint">"(no visible text)"</p> }.into_any(),
        _ => view! { <p class="answer-text">{answer.text}</p> }.into_any(),
    };
    let prompt = Prompt::from(answer.prompt.as_str());
    let is_right = answer.is_right;
    view! {
        <li>
            <PromptText prompt/>
            {text}
            {expected.map(|expected| view! { <Verdict is_right expected/> })}
            <p class="note">{counts}</p>
        </li>
    }
}

/// Right or wrong: by word, sign and colour, with what was expected.
#[component]
fn Verdict(is_right: Option<bool>, expected: Expectation) -> impl IntoView {
    let (class, sign, word) = match is_right {
        Some(true) => ("chip right", "✓ ", "Right"),
        Some(false) => ("chip wrong", "✗ ", "Wrong"),
        None => ("chip", "", "Not judged"),
    };
    view! {
        <p class="verdict">
            <span class=class>
                <span aria-hidden="true">{sign}</span>
                {word}
            </span>
            <span class="note">"Expected: " <Expected expected/></span>
        </p>
    }
}
