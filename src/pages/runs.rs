//! `/runs`: the history, newest first, page by page.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use crate::api;
use crate::components::alert::PageError;
use crate::components::run_table::RunTable;
use crate::domain::run::RunSummary;

/// Runs of one page.
const PAGE_LENGTH: u32 = 25;

/// The page.
#[component]
pub fn RunsPage() -> impl IntoView {
    let query = use_query_map();
    let before = Memo::new(move |_| {
        let query = query.read();
        query.get("before").and_then(|id| id.parse::<i64>().ok())
    });
    // One more than is shown tells whether there are older ones.
    let runs = Resource::new(
        move || before.get(),
        |before| api::list_runs(before, Some(PAGE_LENGTH + 1)),
    );
    view! {
        <Title text="History"/>
        <div class="page-head">
            <h1>"History"</h1>
        </div>
        <Suspense fallback=|| view! { <p class="loading">"Loading the history…"</p> }>
            {move || {
                let is_first_page = before.get().is_none();
                Suspend::new(async move {
                    match runs.await {
                        Ok(runs) => view! { <History runs is_first_page/> }.into_any(),
                        Err(error) => view! { <PageError error/> }.into_any(),
                    }
                })
            }}
        </Suspense>
    }
}

#[component]
fn History(mut runs: Vec<RunSummary>, is_first_page: bool) -> impl IntoView {
    let has_older = runs.len() > PAGE_LENGTH as usize;
    runs.truncate(PAGE_LENGTH as usize);
    let oldest = runs.last().map(|run| run.id).filter(|_| has_older);
    let table = if runs.is_empty() {
        view! { <NoRuns is_first_page/> }.into_any()
    } else {
        view! { <RunTable runs/> }.into_any()
    };
    view! {
        <section class="card" aria-label="Runs">
            {table}
        </section>
        <nav class="paging" aria-label="Pages of the history">
            {(!is_first_page).then(|| view! { <A href="/runs">"Newest"</A> })}
            {oldest.map(|id| view! { <A href=format!("/runs?before={id}")>"Older"</A> })}
        </nav>
    }
}

#[component]
fn NoRuns(is_first_page: bool) -> impl IntoView {
    let words = if is_first_page {
        "Nothing has been measured yet. Every run is kept here, with its figures, answers and \
         the machine it ran on."
    } else {
        "There are no older runs."
    };
    view! {
        <div class="empty">
            <p>{words}</p>
            <p>
                <A href="/">"Run a baseline"</A>
            </p>
        </div>
    }
}
