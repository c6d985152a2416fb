//! What can be done without JavaScript where a page cannot do it.

use leptos::prelude::*;

/// The note; browsers show it where they run no script.
#[component]
pub fn NoScript(
    /// What needs JavaScript, as the beginning of a sentence.
    what: &'static str,
    /// Where programs ask for the same.
    path: &'static str,
) -> impl IntoView {
    view! {
        <noscript>
            <p class="note">
                {format!("{what} needs JavaScript. Without it: ")}
                <code>{format!("POST {path}")}</code>
            </p>
        </noscript>
    }
}
