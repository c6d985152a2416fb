//! A text to be used elsewhere, with a button that copies it.

use std::time::Duration;

use leptos::prelude::*;

use super::host;

/// How long the button says what became of it.
const SAID_FOR: Duration = Duration::from_secs(3);

/// The text, and the button beside it. Without scripts the text is there to be
/// selected.
#[component]
pub fn Copyable(
    /// What it is, for the button's name: `path`.
    what: &'static str,
    /// Whose it is, for the button's name: `Q4_0`.
    whose: String,
    /// The text.
    text: String,
) -> impl IntoView {
    let said = RwSignal::new("");
    let to_copy = text.clone();
    let copy = move |_| {
        host::copy(&to_copy, move |copied| {
            said.try_set(match copied {
                true => "Copied.",
                false => "The browser does not allow it: select the text and copy it.",
            });
            set_timeout(
                move || {
                    said.try_set("");
                },
                SAID_FOR,
            );
        });
    };
    view! {
        <div class="copyable">
            <code tabindex="0">{text}</code>
            <button
                type="button"
                class="button"
                aria-label=format!("Copy the {what} of {whose}")
                on:click=copy
            >
                "Copy"
            </button>
            <span class="note" role="status">
                {move || said.get()}
            </span>
        </div>
    }
}
