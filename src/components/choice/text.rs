//! The text that quality is measured on: the built-in one, or a file's.

use leptos::html::Input;
use leptos::prelude::*;

use super::quality::QualityChoice;
use crate::components::text_file::text_of;
use crate::components::when::When;
use crate::components::{host, words};
use crate::domain::quality::{CHUNK_TOKENS, EvaluationText, TEXT_BYTES_LIMIT};
use crate::domain::units;

/// Characters of a token, roughly, as in the estimate of prompts.
const TOKEN_CHARS: usize = 4;

/// Says which text it is; opens a file, or goes back to the built-in text.
#[component]
pub(super) fn TextField(quality: QualityChoice) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let problem = RwSignal::new(None::<String>);
    let pick = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let take = move |read: Result<EvaluationText, String>| match read {
        Ok(text) => {
            problem.try_set(None);
            quality.text.try_set(Some(text));
        }
        Err(reason) => drop(problem.try_set(Some(reason))),
    };
    let read = move |_| {
        if let Some(input) = input.get_untracked() {
            host::read_file(input, TEXT_BYTES_LIMIT, move |name, bytes| {
                let text = bytes.and_then(|bytes| text_of(&name, bytes, TEXT_BYTES_LIMIT));
                take(text.map(|text| EvaluationText { name, text }));
            });
        }
    };
    let name = move || {
        quality.text.with(|text| match text {
            None => "On the built-in evaluation text.".to_owned(),
            Some(text) => in_words(text),
        })
    };
    view! {
        <p class="row">
            <span class="note">
                <bdi>{name}</bdi>
            </span>
            <button type="button" class="button quiet" on:click=pick>
                "Use a text file"
            </button>
            <When when=move || quality.text.with(Option::is_some)>
                <button type="button" class="button quiet" on:click=move |_| quality.text.set(None)>
                    "Use the built-in text"
                </button>
            </When>
            <input
                type="file"
                accept="text/*,.txt,.md"
                aria-label="A text file to measure quality on"
                hidden
                node_ref=input
                on:change=read
            />
        </p>
        {move || {
            problem
                .get()
                .map(|problem| {
                    view! { <p class="note over" role="alert">{words::sentence(&problem)}</p> }
                })
        }}
    }
}

/// Its name, and how much there is of it, roughly: what a token is, the model
/// decides.
fn in_words(text: &EvaluationText) -> String {
    let n_chars = text.text.chars().count();
    let chunks = n_chars / TOKEN_CHARS / CHUNK_TOKENS as usize;
    let enough = match chunks {
        0 => "maybe less than one chunk".to_owned(),
        chunks => format!("about {}", words::plural(chunks as u64, "chunk", "chunks")),
    };
    format!(
        "On {}: {} characters, {enough}.",
        text.name,
        units::count(n_chars as u64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_about_how_many_chunks_it_has() {
        let said = |n: usize| {
            in_words(&EvaluationText {
                name: "a.txt".to_owned(),
                text: "é".repeat(n),
            })
        };
        assert_eq!(
            said(100),
            "On a.txt: 100 characters, maybe less than one chunk."
        );
        assert_eq!(said(8192), "On a.txt: 8,192 characters, about 4 chunks.");
    }
}
