//! A choice from a list, with its name above and some help below.

use leptos::prelude::*;

/// The field.
#[component]
pub(super) fn SelectField(
    /// The list's id.
    id: &'static str,
    /// Its name.
    label: &'static str,
    /// Called with the value that was chosen.
    on_choose: Callback<String>,
    /// What to know of it.
    #[prop(into)]
    help: Signal<&'static str>,
    /// What is on the list.
    children: Children,
) -> impl IntoView {
    let help_id = format!("{id}-help");
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select
                id=id
                autocomplete="off"
                aria-describedby=help_id.clone()
                on:change=move |event| on_choose.run(event_target_value(&event))
            >
                {children()}
            </select>
            <span class="note" id=help_id>
                {move || help.get()}
            </span>
        </div>
    }
}
