//! Where a run can be downloaded.

use leptos::prelude::*;

use crate::domain::run::RunId;

/// A link for each format.
#[component]
pub fn ExportLinks(
    /// The run.
    id: RunId,
) -> impl IntoView {
    let href = move |format: &str| format!("/api/runs/{id}/export?format={format}");
    view! {
        <p class="export">
            "Export: "
            <a href=href("json") download>
                "JSON"
            </a>
            " · "
            <a href=href("csv") download>
                "CSV"
            </a>
        </p>
    }
}
