//! How a run measures: iterations, tokens, mode, threads, mapping.

use leptos::prelude::*;

use super::state::RunForm;
use crate::components::words;
use crate::domain::defaults::{ITERATIONS_CAREFUL, ITERATIONS_LIMIT, MAX_TOKENS_LIMIT};
use crate::domain::run::GenerationMode;

/// Most threads that a request may name.
const THREADS_LIMIT: u32 = 512;

/// The settings, folded away behind a summary of what is set.
#[component]
pub fn SettingsEditor(
    /// The form.
    form: RunForm,
    /// Called after a setting was changed.
    on_change: Callback<()>,
) -> impl IntoView {
    let summary = move || match form.spec() {
        Ok(spec) => words::plan(spec.prompts.len() as u64, &spec.settings),
        Err(_) => "Settings".to_owned(),
    };
    let careful = move |_| {
        form.iterations.set(ITERATIONS_CAREFUL.to_string());
        on_change.run(());
    };
    view! {
        <details class="settings">
            <summary>
                <span>"Settings"</span>
                " "
                <span class="note">{summary}</span>
            </summary>
            <div class="fields">
                <NumberField
                    id="iterations"
                    label="Iterations"
                    help="Fresh launches of the engine: they make the interval."
                    value=form.iterations
                    most=ITERATIONS_LIMIT
                    on_change
                />
                <NumberField
                    id="max-tokens"
                    label="Tokens per prompt"
                    help="Generated for each prompt."
                    value=form.max_tokens
                    most=MAX_TOKENS_LIMIT
                    on_change
                />
                <NumberField
                    id="threads"
                    label="Threads"
                    help="Empty: as many as there are physical cores."
                    value=form.n_threads
                    most=THREADS_LIMIT
                    on_change
                />
                <ModeField form on_change/>
                <MmapField form on_change/>
                <p class="row">
                    <button type="button" class="button" on:click=careful>
                        {format!("Careful: {ITERATIONS_CAREFUL} iterations")}
                    </button>
                    <span class="note">"finds small differences"</span>
                </p>
            </div>
        </details>
    }
}

#[component]
fn NumberField(
    id: &'static str,
    label: &'static str,
    help: &'static str,
    value: RwSignal<String>,
    most: u32,
    on_change: Callback<()>,
) -> impl IntoView {
    let help_id = format!("{id}-help");
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                type="number"
                min="1"
                max=most.to_string()
                step="1"
                autocomplete="off"
                aria-describedby=help_id.clone()
                value=value.get_untracked()
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                on:change=move |_| on_change.run(())
            />
            <span class="note" id=help_id>
                {help}
            </span>
        </div>
    }
}

#[component]
fn ModeField(form: RunForm, on_change: Callback<()>) -> impl IntoView {
    let choice = move |mode: GenerationMode, value: &'static str, words: &'static str| {
        let choose = move |_| {
            form.mode.set(mode);
            on_change.run(());
        };
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="mode"
                    value=value
                    autocomplete="off"
                    checked=form.mode.get_untracked() == mode
                    prop:checked=move || form.mode.get() == mode
                    on:change=choose
                />
                <span>{words}</span>
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend>"Requests end"</legend>
            {choice(
                GenerationMode::FixedLength,
                "fixed_length",
                "Fixed length: exactly that many tokens, so that speeds compare",
            )}
            {choice(
                GenerationMode::NaturalStop,
                "natural_stop",
                "Natural stop: when the model ends its answer, as a user sees it",
            )}
        </fieldset>
    }
}

#[component]
fn MmapField(form: RunForm, on_change: Callback<()>) -> impl IntoView {
    let toggle = move |event| {
        form.mmap.set(event_target_checked(&event));
        on_change.run(());
    };
    view! {
        <div class="field">
            <label class="choice">
                <input
                    type="checkbox"
                    autocomplete="off"
                    aria-describedby="mmap-help"
                    checked=form.mmap.get_untracked()
                    prop:checked=move || form.mmap.get()
                    on:change=toggle
                />
                <span>"Map the file (mmap)"</span>
            </label>
            <span class="note" id="mmap-help">
                "Off by default: mapped and repacked weights are counted twice."
            </span>
        </div>
    }
}
