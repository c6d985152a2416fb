//! Live gauges of the worker, and the requests measured so far.

use leptos::prelude::*;

use crate::components::each::each;
use crate::components::pruning::SearchCurve;
use crate::components::sparkline::Sparkline;
use crate::components::words;
use crate::domain::compare::Quantity;
use crate::domain::event::{RunningLoss, SampleSummary};
use crate::domain::live::{LiveRun, LiveSpeed};
use crate::domain::run::RunStatus;
use crate::domain::units;

/// Speed, CPU and memory now, or that the run waits; and what has been measured.
#[component]
pub fn LivePanel(
    /// The run's live state.
    live: Memo<Option<LiveRun>>,
) -> impl IntoView {
    let is_waiting = Memo::new(move |_| {
        live.with(|live| live.as_ref().is_some_and(|l| l.status == RunStatus::Queued))
    });
    view! {
        {move || match is_waiting.get() {
            true => view! {
                <p class="ended">
                    "It starts by itself when its turn comes, one run at a time so that none \
                     disturbs another. You may close this page: the run goes on."
                </p>
            }
            .into_any(),
            false => view! { <SearchSoFar live/> <QualitySoFar live/> <Gauges live/> }.into_any(),
        }}
        <SamplesSoFar live/>
    }
}

#[component]
fn Gauges(live: Memo<Option<LiveRun>>) -> impl IntoView {
    let trace = Signal::derive(move || {
        live.with(|live| {
            live.as_ref()
                .map_or_else(Vec::new, |l| l.speed_trace.clone())
        })
    });
    let speed = Memo::new(move |_| live.with(|live| live.as_ref().and_then(LiveRun::speed)));
    let of_when = move || match speed.get() {
        Some(LiveSpeed::LastAnswer(_)) => " of the last answer",
        Some(LiveSpeed::Now(_)) | None => " now",
    };
    let speed = move || match speed.get() {
        Some(LiveSpeed::Now(speed) | LiveSpeed::LastAnswer(speed)) => units::number(speed),
        None => "—".to_owned(),
    };
    let cpu = move || gauge(live, |l| l.live.as_ref()?.cpu_usage_percent);
    let memory = move || gauge(live, |l| l.live.as_ref()?.memory_mb);
    view! {
        <div class="grid gauges" aria-label="Live gauges" role="group">
            <div class="metric">
                <h3>{Quantity::TokensPerSecond.label()} {of_when}</h3>
                <strong id="live-tokens-per-second">{speed}</strong>
                <span class="unit">{Quantity::TokensPerSecond.unit()}</span>
                <Sparkline values=trace/>
            </div>
            <div class="metric">
                <h3>{Quantity::CpuUsage.label()} " now"</h3>
                <strong id="live-cpu">{cpu}</strong>
                <span class="unit">{Quantity::CpuUsage.unit()}</span>
            </div>
            <div class="metric">
                <h3>{Quantity::Memory.label()} " now"</h3>
                <strong id="live-memory">{memory}</strong>
                <span class="unit">"MB resident"</span>
            </div>
        </div>
    }
}

/// What a search has removed so far, once that is anything.
#[component]
fn SearchSoFar(live: Memo<Option<LiveRun>>) -> impl IntoView {
    let curve = Memo::new(move |_| {
        live.with(|live| Some(live.as_ref()?.making.as_ref()?.curve.clone()))
            .filter(|curve| curve.len() > 1)
    });
    move || {
        curve.get().map(|curve| {
            view! {
                <div class="inset">
                    <SearchCurve curve/>
                </div>
            }
        })
    }
}

/// The running estimate of what the variants lose, once there is one.
#[component]
fn QualitySoFar(live: Memo<Option<LiveRun>>) -> impl IntoView {
    let quality = Memo::new(move |_| live.with(|live| live.as_ref()?.quality.clone()));
    move || {
        let quality = quality.get()?;
        let chunks = format!("{} of {} chunks", quality.chunks_done, quality.n_chunks);
        let answers = (quality.n_answers > 0).then(|| {
            format!(
                " · {} of {} answers",
                quality.answers_done, quality.n_answers
            )
        });
        let perplexity = quality
            .baseline_perplexity
            .map(|value| format!(" · baseline perplexity {}", units::number(value)));
        let row = |loss: RunningLoss| {
            let mean_kld = loss.mean_kld.map_or_else(|| "—".to_owned(), words::kld);
            view! {
                <div class="metric">
                    <h3>{loss.arm}</h3>
                    <strong>{mean_kld}</strong>
                    <span class="unit">"nats, mean KLD so far"</span>
                </div>
            }
        };
        Some(view! {
            <div class="grid gauges" aria-label="Quality so far" role="group">
                <div class="metric">
                    <h3>"Quality"</h3>
                    <p class="note" id="quality-so-far">
                        {chunks} {answers} {perplexity}
                    </p>
                </div>
                {each(quality.variants, row)}
            </div>
        })
    }
}

fn gauge(live: Memo<Option<LiveRun>>, read: impl Fn(&LiveRun) -> Option<f64>) -> String {
    live.with(|live| live.as_ref().and_then(&read))
        .map_or_else(|| "—".to_owned(), units::number)
}

#[component]
fn SamplesSoFar(live: Memo<Option<LiveRun>>) -> impl IntoView {
    let samples = Memo::new(move |_| {
        live.with(|live| live.as_ref().map_or_else(Vec::new, |l| l.samples.clone()))
    });
    let warnings = Memo::new(move |_| {
        live.with(|live| live.as_ref().map_or_else(Vec::new, |l| l.warnings.clone()))
    });
    view! {
        {move || {
            let warnings = warnings.get();
            (!warnings.is_empty()).then(|| view! { <Warnings warnings/> })
        }}
        {move || {
            let samples = samples.get();
            (!samples.is_empty()).then(|| view! { <SampleTable samples/> })
        }}
    }
}

/// What a reader should know before trusting the figures.
#[component]
pub fn Warnings(
    /// One sentence each.
    warnings: Vec<String>,
) -> impl IntoView {
    let item = |warning: String| view! { <li>{warning}</li> };
    view! {
        <ul class="warnings" aria-label="Warnings">
            {each(warnings, item)}
        </ul>
    }
}

#[component]
fn SampleTable(samples: Vec<SampleSummary>) -> impl IntoView {
    let row = |sample: &SampleSummary| {
        let speed = sample
            .tokens_per_second
            .map_or_else(|| "—".to_owned(), units::number);
        let arm = sample.arm.as_ref().map(|arm| format!("{arm}: "));
        view! {
            <tr>
                <th scope="row">
                    {arm}
                    {format!("Iteration {}, prompt {}", sample.iteration, sample.prompt)}
                </th>
                <td>{speed}</td>
                <td>{units::number(sample.response_time_s)}</td>
                <td>{units::number(sample.time_to_first_token_ms)}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll">
            <table>
                <caption class="hidden">"Requests measured so far, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Measured so far"</th>
                        <th scope="col">{Quantity::TokensPerSecond.head()}</th>
                        <th scope="col">{Quantity::ResponseTime.head()}</th>
                        <th scope="col">{Quantity::TimeToFirstToken.head()}</th>
                    </tr>
                </thead>
                <tbody>{each(samples.iter().rev().take(8), row)}</tbody>
            </table>
        </div>
    }
}
