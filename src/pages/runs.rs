//! `/runs`: the history, newest first, page by page.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use super::curate;
use super::resource::resource;
use crate::api;
use crate::components::alert::PageError;
use crate::components::run_filter::RunFilterForm;
use crate::components::run_table::RunTable;
use crate::domain::error::AppError;
use crate::domain::filter::{FilterRequest, MeasuredModel, RunFilter};
use crate::domain::run::{RunId, RunSummary};

/// Runs of one page.
const PAGE_LENGTH: u32 = 25;

/// What the address asks for.
#[derive(Clone, PartialEq)]
struct Asked {
    filter: FilterRequest,
    before: Option<i64>,
}

/// One page of the list, with what its links need.
struct Page {
    filter: RunFilter,
    is_first: bool,
    runs: Vec<RunSummary>,
}

/// The page.
#[component]
pub fn RunsPage() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        Asked {
            filter: FilterRequest {
                technique: query.get("technique"),
                model: query.get("model"),
                from: query.get("from"),
                to: query.get("to"),
            },
            before: query.get("before").and_then(|id| id.parse().ok()),
        }
    });
    let loaded = resource(move || asked.get(), load);
    view! {
        <Title text="History"/>
        <div class="page-head">
            <h1>"History"</h1>
            <A href="/runs/deleted">"Deleted runs"</A>
        </div>
        <Suspense fallback=|| view! { <p class="loading">"Loading the history…"</p> }>
            {move || {
                let asked = asked.get();
                Suspend::new(async move {
                    let (models, runs) = loaded.await;
                    view! { <History asked models runs/> }
                })
            }}
        </Suspense>
    }
}

type Loaded = (
    Result<Vec<MeasuredModel>, AppError>,
    Result<Vec<RunSummary>, AppError>,
);

async fn load(asked: Asked) -> Loaded {
    let FilterRequest {
        technique,
        model,
        from,
        to,
    } = asked.filter;
    // One more than is shown tells whether there are older ones.
    let limit = Some(PAGE_LENGTH + 1);
    let runs = api::list_runs(technique, model, from, to, asked.before, limit);
    (api::list_measured_models().await, runs.await)
}

#[component]
fn History(
    asked: Asked,
    models: Result<Vec<MeasuredModel>, AppError>,
    runs: Result<Vec<RunSummary>, AppError>,
) -> impl IntoView {
    let request = asked.filter.clone();
    let is_first = asked.before.is_none();
    let filter = RunFilter::try_from(asked.filter);
    let is_filtered = !filter.as_ref().is_ok_and(RunFilter::is_empty);
    let form = models.map(|models| {
        // Without a run there is nothing to filter.
        (is_filtered || !models.is_empty()).then(|| view! { <RunFilterForm request models/> })
    });
    let list = filter.and_then(|filter| {
        runs.map(|runs| Page {
            filter,
            is_first,
            runs,
        })
    });
    match (form, list) {
        (Ok(form), Ok(page)) => view! { {form} <RunList page/> }.into_any(),
        (Ok(form), Err(error)) => view! { {form} <PageError error/> }.into_any(),
        (Err(error), _) => view! { <PageError error/> }.into_any(),
    }
}

#[component]
fn RunList(page: Page) -> impl IntoView {
    let Page {
        filter,
        is_first,
        mut runs,
    } = page;
    let has_older = runs.len() > PAGE_LENGTH as usize;
    runs.truncate(PAGE_LENGTH as usize);
    let oldest = runs.last().map(|run| run.id).filter(|_| has_older);
    let table = if runs.is_empty() {
        view! { <NoRuns is_first is_filtered=!filter.is_empty()/> }.into_any()
    } else {
        let on_delete = Callback::new(curate::delete);
        let on_restore = Callback::new(curate::restore);
        view! { <RunTable runs on_delete on_restore/> }.into_any()
    };
    view! {
        <section class="card" aria-label="Runs">
            {table}
        </section>
        <nav class="paging" aria-label="Pages of the history">
            {(!is_first).then(|| view! { <A href=href(&filter, None)>"Newest"</A> })}
            {oldest.map(|id| view! { <A href=href(&filter, Some(id))>"Older"</A> })}
        </nav>
    }
}

/// The address of a page of the list.
fn href(filter: &RunFilter, before: Option<RunId>) -> String {
    let query = filter.query();
    match before {
        None if query.is_empty() => "/runs".to_owned(),
        None => format!("/runs?{query}"),
        Some(id) if query.is_empty() => format!("/runs?before={id}"),
        Some(id) => format!("/runs?{query}&before={id}"),
    }
}

/// Why the list is empty, and where to go from there.
#[component]
fn NoRuns(is_first: bool, is_filtered: bool) -> impl IntoView {
    let (words, href, link) = match (is_filtered, is_first) {
        (false, true) => (
            "Nothing has been measured yet. Every run is kept here, with its figures, answers and \
             the machine it ran on.",
            "/",
            "Run a baseline",
        ),
        (true, true) => (
            "No run matches this filter. Choose another model or other days.",
            "/runs",
            "Show all runs",
        ),
        (_, false) => ("There are no older runs.", "/runs", "Show all runs"),
    };
    view! {
        <div class="empty">
            <p>{words}</p>
            <p>
                <A href=href>{link}</A>
            </p>
        </div>
    }
}
