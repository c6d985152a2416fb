//! A box to tick, with its words behind it.

use leptos::prelude::*;

/// The box; it follows what it shows wherever that is changed.
#[component]
pub fn Checkbox(
    /// Whether it is ticked.
    #[prop(into)]
    is_on: Signal<bool>,
    /// Called with what it became.
    on_change: Callback<bool>,
    /// What it means.
    words: &'static str,
    /// The id of a text that says more.
    #[prop(optional)]
    described_by: Option<&'static str>,
) -> impl IntoView {
    view! {
        <label class="choice">
            <input
                type="checkbox"
                autocomplete="off"
                aria-describedby=described_by
                checked=is_on.get_untracked()
                prop:checked=move || is_on.get()
                on:change=move |event| on_change.run(event_target_checked(&event))
            />
            <span>{words}</span>
        </label>
    }
}
