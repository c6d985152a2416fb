//! The head of a table whose columns are alike.

use leptos::prelude::*;

use crate::components::each::each;

/// A row of headings.
pub fn table_head(columns: &'static [&'static str]) -> impl IntoView {
    let column = |words: &&'static str| view! { <th scope="col">{*words}</th> };
    view! {
        <thead>
            <tr>{each(columns.iter(), column)}</tr>
        </thead>
    }
}
