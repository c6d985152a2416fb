//! How far a run is: a thin line and a sentence.

use leptos::prelude::*;

use crate::components::live::LiveFeed;
use crate::components::when::When;
use crate::components::words;
use crate::domain::run::Run;

/// The sentence of the section's bar. The part that is read out changes with
/// the stage; the time left stands beside it, silent.
#[component]
pub fn StatusLine(
    /// The shown run.
    run: RwSignal<Option<Run>>,
    /// Its live state.
    feed: LiveFeed,
    /// What to say while there is no run.
    idle: &'static str,
) -> impl IntoView {
    let sentence = Memo::new(move |_| {
        if let Some(sentence) = feed
            .state
            .with(|live| live.as_ref().map(words::live_status))
        {
            return sentence;
        }
        run.with(|run| {
            run.as_ref()
                .map_or_else(|| idle.to_owned(), words::ended_status)
        })
    });
    let time_left = Memo::new(move |_| {
        feed.state
            .with(|live| live.as_ref().and_then(words::time_left))
    });
    view! {
        <div class="status-line">
            <p role="status" aria-live="polite">
                {sentence}
            </p>
            <p class="time-left">{move || time_left.get()}</p>
            <p class="reconnecting">
                {move || {
                    (feed.reconnecting.get() && feed.state.with(Option::is_some))
                        .then_some("Connection lost — reconnecting.")
                }}
            </p>
        </div>
    }
}

/// The line under the bar, while a run is not over.
#[component]
pub fn ProgressLine(
    /// The run's live state.
    feed: LiveFeed,
) -> impl IntoView {
    let fraction = Memo::new(move |_| {
        feed.state
            .with(|live| live.as_ref().map_or(0.0, words::fraction_done))
    });
    let is_active = Memo::new(move |_| feed.state.with(Option::is_some));
    view! {
        <When when=is_active>
            <progress
                class="progress"
                max="1"
                value=move || format!("{:.3}", fraction.get())
                aria-label="Progress of the run"
            ></progress>
        </When>
    }
}
