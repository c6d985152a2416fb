//! How a run measures: iterations, tokens, mode, and the engine's settings.

use leptos::prelude::*;

use super::number_field::NumberField;
use super::state::RunForm;
use crate::components::checkbox::Checkbox;
use crate::components::each::each;
use crate::components::words;
use crate::domain::defaults::ITERATIONS_CAREFUL;
use crate::domain::run::{FlashAttention, GenerationMode, Setting};

/// The settings, folded away behind a summary of what is set.
#[component]
pub fn SettingsEditor(
    /// The form.
    form: RunForm,
    /// Called after a setting was changed.
    on_change: Callback<()>,
) -> impl IntoView {
    let problem = form.problem();
    let is_wrong = move || problem.with(|p| p.as_ref().is_some_and(|p| p.setting().is_some()));
    let summary = move || match form.spec() {
        Ok(spec) => words::plan(spec.prompts.len() as u64, &spec.settings),
        // Said here too: the fold may be closed.
        Err(_) if is_wrong() => "a setting in here is wrong".to_owned(),
        Err(_) => String::new(),
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
                <span class="note" class:over=is_wrong>
                    {summary}
                </span>
            </summary>
            <div class="fields">
                <NumberField
                    setting=Setting::Iterations
                    help="Fresh launches of the engine: they make the interval."
                    value=form.iterations
                    problem
                    on_change
                />
                <NumberField
                    setting=Setting::MaxTokens
                    help="Generated for each prompt."
                    value=form.max_tokens
                    problem
                    on_change
                />
                <NumberField
                    setting=Setting::NThreads
                    help="Empty: as many as there are physical cores."
                    value=form.n_threads
                    problem
                    on_change
                />
                <ModeField form on_change/>
                <NumberField
                    setting=Setting::NCtx
                    unit="tokens"
                    help="Room for prompt and answer; it costs memory."
                    value=form.n_ctx
                    problem
                    on_change
                />
                <NumberField
                    setting=Setting::NBatch
                    unit="tokens"
                    help="Of a prompt, passed to the engine at once."
                    value=form.n_batch
                    problem
                    on_change
                />
                <NumberField
                    setting=Setting::NUbatch
                    unit="tokens"
                    help="Computed at once; at most the batch."
                    value=form.n_ubatch
                    problem
                    on_change
                />
                <NumberField
                    setting=Setting::NGpuLayers
                    help="0: all on the CPU. Needs a build for your GPU."
                    value=form.n_gpu_layers
                    problem
                    on_change
                />
                <NumberField
                    setting=Setting::WarmUps
                    help="Thrown away at the start of every launch."
                    value=form.warm_ups
                    problem
                    on_change
                />
                <FlashAttentionField form on_change/>
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
fn FlashAttentionField(form: RunForm, on_change: Callback<()>) -> impl IntoView {
    const CHOICES: [(FlashAttention, &str, &str); 3] = [
        (FlashAttention::Auto, "auto", "As the engine chooses"),
        (FlashAttention::On, "on", "On"),
        (FlashAttention::Off, "off", "Off"),
    ];
    let choose = move |event| {
        let value = event_target_value(&event);
        if let Some((choice, ..)) = CHOICES.iter().find(|(_, key, _)| *key == value) {
            form.flash_attention.set(*choice);
            on_change.run(());
        }
    };
    let option = move |(choice, key, words): (FlashAttention, &'static str, &'static str)| {
        view! {
            <option
                value=key
                selected=form.flash_attention.get_untracked() == choice
                prop:selected=move || form.flash_attention.get() == choice
            >
                {words}
            </option>
        }
    };
    view! {
        <div class="field">
            <label for="flash-attention">"Flash attention"</label>
            <select id="flash-attention" autocomplete="off" on:change=choose>
                {each(CHOICES, option)}
            </select>
        </div>
    }
}

#[component]
fn MmapField(form: RunForm, on_change: Callback<()>) -> impl IntoView {
    let toggle = move |is_on| {
        form.mmap.set(is_on);
        on_change.run(());
    };
    view! {
        <div class="field">
            <Checkbox
                is_on=form.mmap
                on_change=Callback::new(toggle)
                words="Map the file (mmap)"
                described_by="mmap-help"
            />
            <span class="note" id="mmap-help">
                "Off by default: mapped and repacked weights are counted twice."
            </span>
        </div>
    }
}
