//! What the rows of runs have in common, deleted or not.

use leptos::prelude::*;

use crate::components::deletion::{Deletion, DeletionProblem};
use crate::components::when::When;
use crate::components::words;

/// What the user called it, behind its number.
pub(super) fn given_name(name: Option<String>) -> impl IntoView {
    name.map(|name| view! { <bdi class="run-name">{name}</bdi> })
}

/// The model that was measured.
pub(super) fn model_cell(name: String, kind: String) -> impl IntoView {
    view! {
        <td data-label="Model">
            {name} " " <small>{kind}</small>
        </td>
    }
}

/// A moment, as the server writes it.
pub(super) fn date_cell(label: &'static str, at: String) -> impl IntoView {
    let date = words::date(&at);
    view! {
        <td data-label=label>
            <time datetime=at>{date}</time>
        </td>
    }
}

/// What was measured, and how.
pub(super) fn plan_cell(technique: String, plan: String) -> impl IntoView {
    view! {
        <td data-label="Plan">
            {technique} <small class="line">{plan}</small>
        </td>
    }
}

/// The row below a row: what stands in its place once the run was deleted or
/// restored, or why that failed.
#[component]
pub(super) fn NoteRow(
    /// The run's deletion.
    deletion: Deletion,
    /// How wide the table is.
    n_columns: &'static str,
    /// What stands in the row's place.
    note: Callback<(), AnyView>,
) -> impl IntoView {
    let is_changed = move || deletion.is_changed();
    let is_noted = move || is_changed() || deletion.problem.with(Option::is_some);
    view! {
        <When when=is_noted>
            <tr class="row-note">
                <td colspan=n_columns>
                    <When when=is_changed>{note.run(())}</When>
                    <DeletionProblem deletion/>
                </td>
            </tr>
        </When>
    }
}
