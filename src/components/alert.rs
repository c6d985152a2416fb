//! A message that something went wrong.

use leptos::prelude::*;

use crate::components::{host, words};
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
            {words::sentence(&error.error.message)}
        </div>
    }
}

/// The same in place of a whole page: the response carries the error's status.
#[component]
pub fn PageError(
    /// What failed.
    error: AppError,
) -> impl IntoView {
    host::set_status(error.error.code.status());
    view! { <ErrorAlert error/> }
}
