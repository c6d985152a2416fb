//! What is shown while something is so.

use leptos::prelude::*;

/// Shows its children while `when` is true, and makes them anew each time that it
/// becomes so. Leptos' `Show` does the same for conditions and children of any
/// type, and is compiled for each.
#[component]
pub fn When(
    /// Whether they are shown.
    #[prop(into)]
    when: Signal<bool>,
    /// What is shown.
    children: ChildrenFn,
) -> impl IntoView {
    let when = Memo::new(move |_| when.get());
    view! { {move || when.get().then(|| children())} }
}
