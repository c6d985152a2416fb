//! Texts that name commands between backticks.

use leptos::prelude::*;

use crate::components::each::each;

/// The text, with what stands between backticks as code.
pub fn marked(text: &str) -> impl IntoView + use<> {
    let part = |(index, part): (usize, &str)| {
        let part = part.to_owned();
        if index % 2 == 1 {
            view! { <code>{part}</code> }.into_any()
        } else {
            part.into_any()
        }
    };
    each(text.split('`').enumerate(), part)
}
