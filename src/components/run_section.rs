//! A run in its card: bar with status and controls, progress, gauges, outcome.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::alert::ErrorAlert;
use crate::components::gauges::LivePanel;
use crate::components::host;
use crate::components::live::LiveFeed;
use crate::components::progress::{ProgressLine, StatusLine};
use crate::components::section::Section;
use crate::components::when::When;
use crate::components::words;
use crate::domain::error::AppError;
use crate::domain::run::{Run, RunId, RunStatus};

/// The section. Children stand between progress and outcome.
#[component]
pub fn RunSection(
    /// Which one.
    section: Section,
    /// The shown run.
    run: RwSignal<Option<Run>>,
    /// Its live state.
    feed: LiveFeed,
    /// What went wrong in talking to the server.
    problem: RwSignal<Option<AppError>>,
    /// Starts a run; without it there is no such button.
    #[prop(optional, into)]
    on_run: Option<Callback<()>>,
    /// Whether a request to start is on its way.
    #[prop(optional, into)]
    is_starting: Signal<bool>,
    /// Ends a run.
    on_cancel: Callback<RunId>,
    /// Shows a run that is over.
    outcome: Callback<Run, AnyView>,
    /// The form, where there is one.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let is_active = Memo::new(move |_| feed.state.with(Option::is_some));
    let cancel = Callback::new(move |()| {
        if let Some(id) = run.with_untracked(|run| run.as_ref().map(|run| run.id)) {
            on_cancel.run(id);
        }
    });
    let is_busy = move || is_active.get() || is_starting.get();
    let run_button = on_run.map(|on_run| {
        view! {
            <button
                type="button"
                class="button primary"
                // Not `disabled`, which would take the focus from who pressed it.
                aria-disabled=move || is_busy().then_some("true")
                on:click=move |_| {
                    if !untrack(is_busy) {
                        on_run.run(());
                    }
                }
            >
                {section.run_words()}
            </button>
        }
    });
    view! {
        <section
            id=section.id()
            class="card"
            aria-labelledby=section.title_id()
            data-status=move || status(run, feed)
        >
            <div class="bar">
                <h2 id=section.title_id() tabindex="-1">
                    {section.title()}
                </h2>
                {on_run.map(|_| view! { <RunLabel run/> })}
                <StatusLine run feed idle=section.idle()/>
                <div class="actions">
                    <When when=is_active>
                        <CancelButton section on_press=cancel/>
                    </When>
                    {run_button}
                </div>
            </div>
            <ProgressLine feed/>
            {move || problem.get().map(|error| view! { <ErrorAlert error/> })}
            {children.map(|children| children())}
            {move || {
                if is_active.get() {
                    view! { <LivePanel live=feed.state/> }.into_any()
                } else {
                    run.get().map(|run| outcome.run(run)).into_any()
                }
            }}
        </section>
    }
}

/// Ends the run. The focus, where it has it when it goes away with the run, goes
/// to the heading: on a button an impatient second Enter would press that.
#[component]
fn CancelButton(
    /// Where it stands.
    section: Section,
    /// Ends the run.
    on_press: Callback<()>,
) -> impl IntoView {
    on_cleanup(move || {
        if host::is_focused(section.cancel_id()) {
            host::focus(section.title_id());
        }
    });
    view! {
        <button type="button" class="button" id=section.cancel_id() on:click=move |_| on_press.run(())>
            "Cancel"
        </button>
    }
}

/// Which run of which model is shown beside a form, which may name another
/// model by now.
#[component]
fn RunLabel(run: RwSignal<Option<Run>>) -> impl IntoView {
    let label = Memo::new(move |_| {
        run.with(|run| {
            let run = run.as_ref()?;
            Some((run.id, run.model.name.clone(), run.model.kind()))
        })
    });
    move || {
        label.get().map(|(id, name, kind)| {
            view! {
                <p class="run-label">
                    <A href=format!("/runs/{id}")>{format!("Run {id}")}</A>
                    {format!(" · {name} · {kind}")}
                </p>
            }
        })
    }
}

/// The value of `data-status`. A run that has just ended counts as running
/// until its results are here.
fn status(run: RwSignal<Option<Run>>, feed: LiveFeed) -> &'static str {
    let live = feed
        .state
        .with(|live| live.as_ref().map(|live| live.status));
    match live {
        Some(status) if status.is_terminal() => words::status_key(RunStatus::Running),
        Some(status) => words::status_key(status),
        None => run.with(|run| {
            run.as_ref()
                .map_or("idle", |run| words::status_key(run.status))
        }),
    }
}
