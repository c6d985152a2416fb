//! `/runs/:id`: everything of one run, live while it happens.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_params_map;

use super::actions::Shown;
use crate::api;
use crate::components::alert::PageError;
use crate::components::live::follow_run;
use crate::components::run_section::RunSection;
use crate::components::words;
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::run::Run;
use crate::domain::units;

/// The page.
#[component]
pub fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params
            .read()
            .get("id")
            .and_then(|id| id.parse::<i64>().ok())
    });
    let run = Resource::new(move || id.get(), load);
    view! {
        <Suspense fallback=|| view! { <p class="loading">"Loading the run…"</p> }>
            {move || Suspend::new(async move {
                match run.await {
                    Ok(run) => view! { <RunView run/> }.into_any(),
                    Err(error) => view! { <NoRun error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

async fn load(id: Option<i64>) -> Result<Run, AppError> {
    match id {
        Some(id) => api::get_run(id).await,
        None => Err(AppError::new(
            ErrorCode::NotFound,
            "runs have numbers; this address has none. The history lists all runs",
        )),
    }
}

#[component]
fn NoRun(error: AppError) -> impl IntoView {
    view! {
        <Title text="Run"/>
        <div class="page-head">
            <h1>"No such run here"</h1>
        </div>
        <PageError error/>
        <p>
            <A href="/runs">"All runs"</A>
        </p>
    }
}

#[component]
fn RunView(run: Run) -> impl IntoView {
    let title = format!("Run {}", run.id);
    let model = format!(
        "{} · {} · {} MB",
        run.model.name,
        run.model.kind(),
        units::number(run.model.size_mb())
    );
    let created_at = run.created_at.clone();
    let n_prompts = words::plural(run.spec.prompts.len() as u64, "prompt", "prompts");
    let prompt = |prompt: &String| view! { <li class="answer-prompt">{prompt.clone()}</li> };
    let prompts = run.spec.prompts.iter().map(prompt).collect_view();
    let shown = Shown::new(Some(run));
    let feed = follow_run(
        shown.run,
        Callback::new(move |(id, last)| shown.refetch(id, last)),
    );
    view! {
        <Title text=title.clone()/>
        <div class="page-head">
            <h1>{title}</h1>
            <p class="note">
                {model} " · asked for "
                <time datetime=created_at.clone()>{words::date(&created_at)}</time>
            </p>
        </div>
        <RunSection
            title="Baseline Benchmark"
            run=shown.run
            feed
            problem=shown.problem
            on_cancel=Callback::new(move |id| shown.cancel(id))
        >
            <details class="fold">
                <summary>"What was asked: " {n_prompts}</summary>
                <ol class="asked">{prompts}</ol>
            </details>
        </RunSection>
    }
}
