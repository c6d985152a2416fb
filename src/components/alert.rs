//! A message that something went wrong.

use leptos::prelude::*;

use crate::domain::error::AppError;

/// Shows what failed and what to do, and is read out at once.
#[component]
pub fn ErrorAlert(
    /// What failed.
    error: AppError,
) -> impl IntoView {
    view! {
        <div class="alert" role="alert">
            <strong>"That did not work."</strong>
            " "
            {error.error.message}
        </div>
    }
}
