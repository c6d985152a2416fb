//! What every page has: navigation, theme and footer.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::theme::ThemePicker;

/// Name, navigation and theme: at the side, or on top where there is little room.
#[component]
pub fn SiteHeader() -> impl IntoView {
    view! {
        <header class="site-header">
            <A href="/" exact=true>
                <span class="brand">
                    <span class="mark" aria-hidden="true"></span>
                    "Whittle"
                </span>
            </A>
            <nav aria-label="Main">
                <A href="/" exact=true>
                    "Dashboard"
                </A>
                <A href="/models">"Models"</A>
                <A href="/runs">"History"</A>
                <A href="/settings">"Settings"</A>
            </nav>
            <ThemePicker/>
        </header>
    }
}

/// Version, and what happens to the user's data.
#[component]
pub fn SiteFooter() -> impl IntoView {
    view! {
        <footer class="site-footer">
            <p>
                {concat!("Whittle ", env!("CARGO_PKG_VERSION"))}
                " · llama.cpp inside · models, prompts and figures stay on this machine"
            </p>
        </footer>
    }
}
