//! What the model answered, as plain text.

use leptos::prelude::*;

use crate::components::words;
use crate::domain::benchmark::Answer;
use crate::domain::sample::StopReason;

/// The answers of the first launch, one for each prompt.
#[component]
pub fn Answers(
    /// In the order of the prompts.
    answers: Vec<Answer>,
) -> impl IntoView {
    view! {
        <ol class="answers">
            {answers.into_iter().map(|answer| view! { <AnswerItem answer/> }).collect_view()}
        </ol>
    }
}

#[component]
fn AnswerItem(answer: Answer) -> impl IntoView {
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
    view! {
        <li>
            <p class="answer-prompt">{answer.prompt}</p>
            {text}
            <p class="note">{counts}</p>
        </li>
    }
}
