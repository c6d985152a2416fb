//! A prompt from a text file of the user's.

use leptos::html::Input;
use leptos::prelude::*;

use crate::components::host;
use crate::components::text_file::text_of;
use crate::domain::defaults::PROMPT_CHARS_LIMIT;

/// The button that opens a file; `on_read` gets its text, or why there is none.
#[component]
pub(super) fn PromptFile(
    index: ReadSignal<usize>,
    on_read: Callback<Result<String, String>>,
) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let pick = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let read = move |_| {
        if let Some(input) = input.get_untracked() {
            // The longest characters of UTF-8 have four bytes.
            host::read_file(input, PROMPT_CHARS_LIMIT * 4, move |name, bytes| {
                // The prompt may have been removed meanwhile.
                let _ = on_read
                    .try_run(bytes.and_then(|bytes| text_of(&name, bytes, PROMPT_CHARS_LIMIT)));
            });
        }
    };
    view! {
        <button
            type="button"
            class="button quiet"
            aria-label=move || format!("Load prompt {} from a file", index.get() + 1)
            on:click=pick
        >
            "Load"
        </button>
        <input
            type="file"
            accept="text/*,.txt,.md,.csv,.json,.log,.rs,.py"
            hidden
            node_ref=input
            on:change=read
        />
    }
}
