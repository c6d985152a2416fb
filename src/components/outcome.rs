//! A run that is over: its figures, or why there are none.

use leptos::prelude::*;

use crate::components::answers::Answers;
use crate::components::environment::EnvironmentList;
use crate::components::gauges::Warnings;
use crate::components::latency::Latency;
use crate::components::metrics::MetricGrid;
use crate::components::words;
use crate::domain::benchmark::ArmResult;
use crate::domain::outlier;
use crate::domain::prompt::Prompt;
use crate::domain::run::{Failure, Run, RunStatus};

/// Everything that a run left.
#[component]
pub fn Outcome(
    /// The run; over.
    run: Run,
) -> impl IntoView {
    let end = match run.status {
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
    };
    let figures = run.baseline().cloned().map(|arm| {
        let settings = run.spec.settings.clone();
        view! {
            <MetricGrid arm=arm.clone() settings/>
            <ArmDetails arm prompts=run.spec.prompts.clone()/>
        }
    });
    let environment = run.environment.clone().map(|environment| {
        view! {
            <details class="fold">
                <summary>"Environment"</summary>
                <EnvironmentList environment/>
            </details>
        }
    });
    let unstable = run
        .baseline()
        .map(|arm| arm.unstable.clone())
        .unwrap_or_default();
    let unstable = (!unstable.is_empty()).then(|| view! { <Unstable reasons=unstable/> });
    view! { {end} {unstable} {figures} {environment} }
}

/// That the figures are not to be relied on, before anybody reads them.
#[component]
fn Unstable(
    /// Why, one sentence each.
    reasons: Vec<String>,
) -> impl IntoView {
    let reason = |reason: String| view! { <li>{reason}</li> };
    view! {
        <div class="unstable" role="note" aria-label="Unstable">
            <strong>"Unstable. Something disturbed this measurement:"</strong>
            <ul>{reasons.into_iter().map(reason).collect_view()}</ul>
        </div>
    }
}

#[component]
fn ArmDetails(arm: ArmResult, prompts: Vec<Prompt>) -> impl IntoView {
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
