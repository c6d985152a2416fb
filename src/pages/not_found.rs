//! Any other address.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::components::host;

/// The page; its status is 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    host::set_status(404);
    view! {
        <Title text="Not found"/>
        <div class="page-head">
            <h1>"Not found"</h1>
        </div>
        <p>"There is nothing at this address. " <A href="/">"Go to the dashboard"</A></p>
    }
}
