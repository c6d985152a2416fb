//! The document around every page, and the routes.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::components::connection::ConnectionNote;
use crate::components::host;
use crate::components::site::{SiteFooter, SiteHeader};
use crate::components::theme::theme_script;
use crate::pages::{DashboardPage, Later, NotFoundPage};

/// The HTML document; rendered by the server only.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta
                    name="description"
                    content="Measures local language models on this machine, honestly"
                />
                <script nonce=use_nonce() inner_html=theme_script()></script>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                <link rel="stylesheet" id="leptos" href="/pkg/whittle.css"/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The application, the same on the server and in the browser. Pages load
/// their data before they are sent, so that they are right without JavaScript.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Effect::new(|_| host::mark_hydrated());
    view! {
        <Title formatter=|page: String| {
            if page.is_empty() { "Whittle".to_owned() } else { format!("{page} · Whittle") }
        }/>
        <Router>
            // External: the browser moves the focus, the router would only scroll.
            <a class="skip" href="#main" rel="external">
                "Skip to the content"
            </a>
            <div class="shell">
                <SiteHeader/>
                <div class="page">
                <main id="main" tabindex="-1">
                    <ConnectionNote/>
                    <Routes fallback=NotFoundPage>
                        <Route path=path!("/") view=DashboardPage ssr=SsrMode::Async/>
                        <Route path=path!("/models") view=Later::Models ssr=SsrMode::Async/>
                        <Route path=path!("/runs") view=Later::Runs ssr=SsrMode::Async/>
                        // Before the runs, whose place a number takes.
                        <Route path=path!("/runs/deleted") view=Later::DeletedRuns ssr=SsrMode::Async/>
                        <Route path=path!("/runs/:id") view=Later::Run ssr=SsrMode::Async/>
                        <Route path=path!("/settings") view=Later::Settings ssr=SsrMode::Async/>
                    </Routes>
                </main>
                <SiteFooter/>
                </div>
            </div>
        </Router>
    }
}
