//! `/runs/:id`: everything of one run, live while it happens.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_params_map;

use super::actions::{Shown, go_to_run};
use super::curate;
use super::resource::resource;
use crate::api;
use crate::components::alert::PageError;
use crate::components::comparison::{Again, ComparisonOutcome, original_of};
use crate::components::deletion::{DeleteButton, DeletedNote, Deletion, DeletionProblem};
use crate::components::each::each;
use crate::components::export::ExportLinks;
use crate::components::host;
use crate::components::label::{EditLabelButton, Label, LabelSection};
use crate::components::live::follow_run;
use crate::components::outcome::Outcome;
use crate::components::prompt_text::PromptText;
use crate::components::run_section::RunSection;
use crate::components::section::Section;
use crate::components::when::When;
use crate::components::words;
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::model::Model;
use crate::domain::run::{NoiseRequest, Run, RunId, RunRequest};
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
    let run = resource(move || id.get(), load);
    view! {
        <Suspense fallback=|| view! { <p class="loading">"Loading the run…"</p> }>
            {move || Suspend::new(async move {
                match run.await {
                    Ok((run, original)) => view! { <RunView run original/> }.into_any(),
                    Err(error) if error.error.code == ErrorCode::Deleted => {
                        let id = RunId(id.get_untracked().unwrap_or_default());
                        let on_restored = Callback::new(move |()| run.refetch());
                        view! { <DeletedRun id error on_restored/> }.into_any()
                    }
                    Err(error) => view! { <NoRun error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// The run, and where its model is an upcast the file that it was made from.
async fn load(id: Option<i64>) -> Result<(Run, Option<Model>), AppError> {
    let Some(id) = id else {
        return Err(AppError::new(
            ErrorCode::NotFound,
            "runs have numbers; this address has none. The history lists all runs",
        ));
    };
    let run = api::get_run(id).await?;
    let is_compared = Section::of(run.technique) != Section::Baseline;
    if !is_compared || run.model.provenance.is_none() {
        return Ok((run, None));
    }
    // Without the library the run is shown all the same.
    let library = api::list_models().await.unwrap_or_default();
    let original = original_of(&run.model, &library.models);
    Ok((run, original))
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

/// A run that was deleted before the page was opened, with the way back.
#[component]
fn DeletedRun(id: RunId, error: AppError, on_restored: Callback<()>) -> impl IntoView {
    host::set_status(error.error.code.status());
    let deletion = Deletion::new(id, true);
    Effect::new(move |_| {
        if !deletion.is_deleted.get() {
            // The button with the focus goes away; the page begins anew.
            host::focus("main");
            on_restored.run(());
        }
    });
    view! {
        <Title text=format!("Run {id}")/>
        <div class="page-head">
            <h1>{format!("Run {id}")}</h1>
        </div>
        <DeletedNote deletion on_restore=Callback::new(curate::restore)/>
        <DeletionProblem deletion/>
        <p>
            <A href="/runs">"All runs"</A>
        </p>
    }
}

#[component]
fn RunView(run: Run, original: Option<Model>) -> impl IntoView {
    let id = run.id;
    let label = Label::of(&run);
    let deletion = Deletion::new(id, false);
    let is_deleted = move || deletion.is_deleted.get();
    let title = move || match label.name.get() {
        Some(name) => host::title(format!("{name} · Run {id}")),
        None => format!("Run {id}"),
    };
    let name = move || {
        label
            .name
            .get()
            .map(|name| view! { " · " <bdi>{name}</bdi> })
    };
    let model = format!(
        "{} · {} · {} MB",
        run.model.name,
        run.model.kind(),
        units::number(run.model.size_mb())
    );
    let created_at = run.created_at.clone();
    let n_prompts = words::plural(run.spec.prompts.len() as u64, "prompt", "prompts");
    let prompt = |prompt| {
        view! {
            <li>
                <PromptText prompt/>
            </li>
        }
    };
    let prompts = each(run.spec.prompts.iter().cloned(), prompt);
    let section = Section::of(run.technique);
    let shown = Shown::new(Some(run));
    let feed = follow_run(
        shown.run,
        Callback::new(move |(id, last)| shown.refetch(id, last)),
    );
    let outcome = outcome(section, shown, original);
    view! {
        <Title text=title/>
        <div class="page-head">
            <h1>{format!("Run {id}")} {name}</h1>
            <p class="note">
                {model} " · asked for "
                <time datetime=created_at.clone()>{words::date(&created_at)}</time>
            </p>
            <div class="run-tools" hidden=is_deleted>
                <ExportLinks id/>
                <EditLabelButton label/>
                <When when=move || feed.state.with(Option::is_none)>
                    <DeleteButton deletion on_delete=Callback::new(curate::delete)/>
                </When>
            </div>
        </div>
        <When when=is_deleted>
            <DeletedNote deletion on_restore=Callback::new(curate::restore)/>
            <p>
                <A href="/runs">"All runs"</A>
            </p>
        </When>
        <DeletionProblem deletion/>
        <div hidden=is_deleted>
            <LabelSection label on_save=Callback::new(curate::save)/>
            <RunSection
                section
                run=shown.run
                feed
                problem=shown.problem
                on_cancel=Callback::new(move |id| shown.cancel(id))
                outcome
            >
                <details class="fold">
                    <summary>"What was asked: " {n_prompts}</summary>
                    <ol class="asked">{prompts}</ol>
                </details>
            </RunSection>
        </div>
    }
}

/// How the run is shown once it is over. A comparison can be run again from
/// here: the page then goes on with the new run.
fn outcome(section: Section, shown: Shown, original: Option<Model>) -> Callback<Run, AnyView> {
    if section == Section::Baseline {
        return Callback::new(|run: Run| view! { <Outcome run/> }.into_any());
    }
    let on_started = go_to_run();
    let is_starting = RwSignal::new(false);
    let again = Again {
        on_press: Callback::new(move |request: RunRequest| {
            shown.start_another(request, is_starting, on_started);
        }),
        on_noise: Callback::new(move |request: NoiseRequest| {
            shown.start_noise(request, is_starting, on_started);
        }),
        is_busy: is_starting.into(),
    };
    Callback::new(move |run: Run| {
        let original = original.clone();
        view! { <ComparisonOutcome run original again=Some(again) is_whole=true/> }.into_any()
    })
}
