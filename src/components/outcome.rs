//! A run that is over: its figures, or why there are none.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::answers::Answers;
use crate::components::each::each;
use crate::components::environment::EnvironmentList;
use crate::components::gauges::Warnings;
use crate::components::latency::Latency;
use crate::components::metrics::MetricGrid;
use crate::components::words;
use crate::domain::benchmark::ArmResult;
use crate::domain::environment::Environment;
use crate::domain::outlier;
use crate::domain::prompt::Prompt;
use crate::domain::run::{Failure, Run, RunId, RunStatus, Technique};

/// Everything that a run left of its baseline.
#[component]
pub fn Outcome(
    /// The run; over.
    run: Run,
) -> impl IntoView {
    let end = ending(&run);
    let environment = run.environment.clone();
    let again = (run.technique != Technique::Baseline && run.baseline().is_some())
        .then(|| view! { <MeasuredAgain id=run.id/> });
    let unstable = run.baseline().map(|arm| arm.unstable.clone());
    view! {
        {end}
        {again}
        <Unstable reasons=unstable.unwrap_or_default()/>
        <BaselineFigures run/>
        <EnvironmentFold environment/>
    }
}

/// What became of a run that was not measured to its end; nothing of one that was.
pub fn ending(run: &Run) -> Option<AnyView> {
    match run.status {
        RunStatus::Failed => run
            .failure
            .clone()
            .map(|failure| view! { <FailureNote failure/> }.into_any()),
        RunStatus::Cancelled => Some(
            ended_note("Cancelled. Nothing was measured to the end; run it again when you like.")
                .into_any(),
        ),
        RunStatus::Interrupted => Some(
            ended_note(
                "Whittle ended before the run did. Nothing is lost but this run: start it again.",
            )
            .into_any(),
        ),
        RunStatus::Queued | RunStatus::Running | RunStatus::Done => None,
    }
}

/// That these figures come from a comparison, and why it took them anew.
#[component]
fn MeasuredAgain(id: RunId) -> impl IntoView {
    view! {
        <p class="ended" id="measured-again">
            "Measured again with its variants, in "
            <A href=format!("/runs/{id}")>{format!("run {id}")}</A>
            ": a comparison launches the baseline and every variant in turns, because figures taken \
             at another time, on a machine in another state, would not compare."
        </p>
    }
}

/// The figures of a run's baseline, with what belongs to them.
#[component]
pub fn BaselineFigures(
    /// The run.
    run: Run,
) -> impl IntoView {
    let settings = run.spec.settings.clone();
    let prompts = run.spec.prompts.clone();
    let environment = run.environment.clone();
    run.baseline().cloned().map(|arm| {
        view! {
            <MetricGrid arm=arm.clone() settings/>
            <MeasuredOn environment/>
            <ArmDetails arm prompts/>
        }
    })
}

/// What computed, in one line beside the figures.
#[component]
pub fn MeasuredOn(
    /// The record, if there is one.
    environment: Option<Environment>,
) -> impl IntoView {
    environment.map(|environment| {
        let words = format!("Measured on {}.", environment.in_words());
        view! { <p class="note inset">{words}</p> }
    })
}

/// The machine and settings, on demand.
#[component]
pub fn EnvironmentFold(
    /// The record, if there is one.
    environment: Option<Environment>,
) -> impl IntoView {
    environment.map(|environment| {
        view! {
            <details class="fold">
                <summary>"Environment"</summary>
                <EnvironmentList environment/>
            </details>
        }
    })
}

/// That the figures are not to be relied on, before anybody reads them.
#[component]
pub fn Unstable(
    /// Why, one sentence each; nothing is shown of none.
    reasons: Vec<String>,
) -> impl IntoView {
    let reason = |reason: String| view! { <li>{reason}</li> };
    (!reasons.is_empty()).then(|| {
        view! {
            <div class="unstable" role="note" aria-label="Unstable">
                <strong>"Unstable. Something disturbed this measurement:"</strong>
                <ul>{each(reasons, reason)}</ul>
            </div>
        }
    })
}

/// Latency, answers and warnings of one arm.
#[component]
pub fn ArmDetails(
    /// The arm.
    arm: ArmResult,
    /// What was asked.
    prompts: Vec<Prompt>,
) -> impl IntoView {
    let warnings = arm.warnings;
    let answers = arm.answers;
    let outliers = outlier::in_words(&arm.outliers, arm.request_latency_ms.n);
    view! {
        {(!warnings.is_empty()).then(|| view! { <Warnings warnings/> })}
        <div class="two">
            <div>
                <h3>"Latency"</h3>
                <Latency
                    tokens=arm.token_latency_ms
                    requests=arm.request_latency_ms
                    histogram=arm.token_latency_histogram
                />
                <p class="note">{outliers}</p>
            </div>
            <div>
                <h3>"Answers of the first launch"</h3>
                <Answers answers prompts/>
            </div>
        </div>
    }
}

fn ended_note(words: &'static str) -> impl IntoView {
    view! { <p class="ended">{words}</p> }
}

/// Why a run failed, and the engine's last words on demand.
#[component]
fn FailureNote(failure: Failure) -> impl IntoView {
    let log = failure.log_tail.join("\n");
    view! {
        <div class="alert" role="alert">
            <strong>"The run failed."</strong>
            " "
            {words::sentence(&failure.message)}
        </div>
        {(!log.is_empty())
            .then(|| {
                view! {
                    <details class="fold">
                        <summary>"Last lines of the engine's log"</summary>
                        <pre>{log}</pre>
                    </details>
                }
            })}
    }
}
