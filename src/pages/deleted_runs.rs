//! `/runs/deleted`: the deleted runs that can be restored, newest first.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use super::curate;
use super::resource::resource;
use crate::api;
use crate::components::alert::PageError;
use crate::components::deleted_table::DeletedTable;
use crate::components::no_script::NoScript;
use crate::domain::defaults::DELETED_KEPT_DAYS;
use crate::domain::run::DeletedRun;

/// Runs of one page.
const PAGE_LENGTH: u32 = 25;

/// The page.
#[component]
pub fn DeletedRunsPage() -> impl IntoView {
    let query = use_query_map();
    let before = Memo::new(move |_| {
        let before = query.read().get("before");
        before.and_then(|id| id.parse::<i64>().ok())
    });
    // One more than is shown tells whether there are older ones.
    let load = |before| api::list_deleted_runs(before, Some(PAGE_LENGTH + 1));
    let loaded = resource(move || before.get(), load);
    view! {
        <Title text="Deleted runs"/>
        <div class="page-head">
            <h1>"Deleted runs"</h1>
            <A href="/runs">"History"</A>
        </div>
        <Suspense fallback=|| view! { <p class="loading">"Loading the deleted runs…"</p> }>
            {move || {
                let is_first = before.get().is_none();
                Suspend::new(async move {
                    match loaded.await {
                        Ok(runs) => view! { <RunList runs is_first/> }.into_any(),
                        Err(error) => view! { <PageError error/> }.into_any(),
                    }
                })
            }}
        </Suspense>
    }
}

#[component]
fn RunList(runs: Vec<DeletedRun>, is_first: bool) -> impl IntoView {
    let mut runs = runs;
    let has_older = runs.len() > PAGE_LENGTH as usize;
    runs.truncate(PAGE_LENGTH as usize);
    let oldest = runs.last().map(|deleted| deleted.run.id);
    let oldest = oldest.filter(|_| has_older);
    let list = if runs.is_empty() {
        view! {
            <div class="empty">
                <p>
                    {format!(
                        "No deleted run can be restored. A run that is deleted stands here for \
                         {DELETED_KEPT_DAYS} days; then it is removed for good.",
                    )}
                </p>
            </div>
        }
        .into_any()
    } else {
        let on_restore = Callback::new(curate::restore);
        view! { <DeletedTable runs on_restore/> }.into_any()
    };
    view! {
        <section class="card" aria-label="Deleted runs">
            {list}
        </section>
        <NoScript what="Restoring" path="/api/runs/restore"/>
        <nav class="paging" aria-label="Pages of the deleted runs">
            {(!is_first).then(|| view! { <A href="/runs/deleted">"Newest"</A> })}
            {oldest
                .map(|id| view! { <A href=format!("/runs/deleted?before={id}")>"Older"</A> })}
        </nav>
    }
}
