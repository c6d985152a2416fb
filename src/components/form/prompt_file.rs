//! A prompt from a text file of the user's.

use leptos::html::Input;
use leptos::prelude::*;

use crate::components::{host, words};
use crate::domain::defaults::PROMPT_CHARS_LIMIT;
use crate::domain::units;

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
                let _ = on_read.try_run(bytes.and_then(|bytes| text_of(&name, bytes)));
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

/// The text in a file's bytes, if they are one that a prompt can be.
fn text_of(name: &str, bytes: Vec<u8>) -> Result<String, String> {
    let not_text = || format!("the file {name} is not a text in UTF-8; save it as one");
    let text = String::from_utf8(bytes).map_err(|_| not_text())?;
    if text.contains('\0') {
        return Err(not_text());
    }
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    if text.trim().is_empty() {
        return Err(format!("the file {name} is empty; choose another file"));
    }
    let n_chars = text.chars().count();
    if n_chars > PROMPT_CHARS_LIMIT {
        let n = words::plural(n_chars as u64, "character", "characters");
        return Err(format!(
            "the file {name} has {n}; at most {} are taken: choose a shorter one",
            units::count(PROMPT_CHARS_LIMIT as u64)
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_text_becomes_a_prompt() {
        let read = |bytes: &[u8]| text_of("a.txt", bytes.to_vec());
        assert_eq!(
            read("\u{feff}één\r\ntwee".as_bytes()),
            Ok("één\ntwee".to_owned())
        );
        assert!(read(b"\xff\xfe").is_err_and(|error| error.contains("not a text")));
        assert!(read(b"PK\0\x01").is_err_and(|error| error.contains("not a text")));
        assert!(read(b" \n").is_err_and(|error| error.contains("is empty")));
        let long = "é".repeat(PROMPT_CHARS_LIMIT + 1);
        assert!(read(long.as_bytes()).is_err_and(|error| error.contains("200,001 characters")));
    }
}
