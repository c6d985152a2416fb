//! How carefully the variants are measured, and whether what they cost is.

use leptos::prelude::*;

use super::quality::QualityChoice;
use super::text::TextField;
use crate::components::checkbox::Checkbox;
use crate::components::form::RunForm;
use crate::components::section::Section;
use crate::components::when::When;
use crate::domain::defaults::{ITERATIONS, ITERATIONS_CAREFUL};
use crate::domain::quality::{CHUNK_TOKENS, CHUNKS, CHUNKS_LIMIT, CHUNKS_QUICK};
use crate::domain::run::{RunProblem, Setting};

/// The iterations in one click; any other number stands in the settings above.
#[component]
pub fn CareField(
    /// The settings of every run.
    form: RunForm,
    /// Called after they were changed.
    on_change: Callback<()>,
) -> impl IntoView {
    let choice = move |n: u32, words: String| {
        let is_chosen = move || form.iterations.with(|text| text.trim() == n.to_string());
        let choose = move |_| {
            form.iterations.set(n.to_string());
            on_change.run(());
        };
        pressed(words, is_chosen, choose)
    };
    view! {
        <fieldset class="field">
            <legend>"Iterations"</legend>
            <div class="row">
                {choice(ITERATIONS, format!("{ITERATIONS} launches each"))}
                {choice(ITERATIONS_CAREFUL, format!("Careful: {ITERATIONS_CAREFUL}"))}
            </div>
            <span class="note">
                "Prompts and settings are those of the baseline above. Careful finds small differences."
            </span>
        </fieldset>
    }
}

/// Quality: whether, on how much, and on which text.
#[component]
pub fn QualityField(
    /// Where it stands.
    section: Section,
    /// What is chosen.
    quality: QualityChoice,
    /// What is wrong with it.
    problem: Memo<Option<RunProblem>>,
) -> impl IntoView {
    let choice = move |n: u32, words: String| {
        let is_chosen = move || quality.chunks.with(|text| text.trim() == n.to_string());
        pressed(words, is_chosen, move |_| quality.chunks.set(n.to_string()))
    };
    let is_wrong = move || {
        problem.with(|problem| {
            problem
                .as_ref()
                .is_some_and(|problem| problem.is_in_setting(Setting::QualityChunks))
        })
    };
    let described_by = move || match is_wrong() {
        true => format!("{} {}", section.chunks_help_id(), section.plan_id()),
        false => section.chunks_help_id().to_owned(),
    };
    view! {
        <fieldset class="field">
            <legend>"Quality"</legend>
            <Checkbox
                is_on=quality.is_measured
                on_change=Callback::new(move |is_on| quality.is_measured.set(is_on))
                words="Measure what it costs: perplexity, divergence, answers side by side"
            />
            <When when=quality.is_measured>
                <div class="row">
                    <label for=section.chunks_id()>"Chunks"</label>
                    <input
                        id=section.chunks_id()
                        type="number"
                        min="1"
                        max=CHUNKS_LIMIT.to_string()
                        step="1"
                        autocomplete="off"
                        aria-describedby=described_by
                        aria-invalid=move || is_wrong().then_some("true")
                        value=quality.chunks.get_untracked()
                        prop:value=move || quality.chunks.get()
                        on:input=move |event| quality.chunks.set(event_target_value(&event))
                    />
                    {choice(CHUNKS_QUICK, format!("Quick: {CHUNKS_QUICK}"))}
                    {choice(CHUNKS, CHUNKS.to_string())}
                </div>
                <span class="note" id=section.chunks_help_id()>
                    {format!("Of {CHUNK_TOKENS} tokens. Figures compare where text and chunks are the same.")}
                </span>
                <TextField quality/>
            </When>
        </fieldset>
    }
}

/// A button that stays pressed while what it chooses is chosen.
fn pressed(
    words: String,
    is_chosen: impl Fn() -> bool + Send + 'static,
    choose: impl Fn(leptos::ev::MouseEvent) + 'static,
) -> AnyView {
    view! {
        <button
            type="button"
            class="button"
            aria-pressed=move || is_chosen().to_string()
            on:click=choose
        >
            {words}
        </button>
    }
    .into_any()
}
