//! A card under its heading.

use leptos::prelude::*;

/// The card, with a line beside the heading.
#[component]
pub fn TitledCard(
    /// The heading's id.
    title_id: &'static str,
    /// The heading.
    title: &'static str,
    /// What the card is about.
    about: impl IntoView + 'static,
    /// What is on it.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby=title_id>
            <div class="bar">
                <h2 id=title_id>{title}</h2>
                <p>{about}</p>
            </div>
            {children()}
        </section>
    }
}
