//! A run's name and note: shown, and edited in place.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::{Button, Input};
use leptos::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::focus::focus_after;
use crate::components::words;
use crate::domain::error::AppError;
use crate::domain::label::{LabelChange, NAME_CHARS_LIMIT, NOTE_CHARS_LIMIT};
use crate::domain::run::{Run, RunId};
use crate::domain::units;

/// A run's label, and the state of its editor.
#[derive(Clone, Copy)]
pub struct Label {
    /// The run.
    pub id: RunId,
    /// The name as stored.
    pub name: RwSignal<Option<String>>,
    /// The note as stored.
    pub note: RwSignal<Option<String>>,
    /// Whether the editor is open.
    pub is_open: RwSignal<bool>,
    /// Whether an answer is awaited.
    pub is_busy: RwSignal<bool>,
    /// Why the label could not be kept.
    pub problem: RwSignal<Option<AppError>>,
}

impl Label {
    /// The label of a stored run.
    pub fn of(run: &Run) -> Self {
        Self {
            id: run.id,
            name: RwSignal::new(run.name.clone()),
            note: RwSignal::new(run.note.clone()),
            is_open: RwSignal::new(false),
            is_busy: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }

    fn close(self) {
        self.problem.set(None);
        self.is_open.set(false);
    }
}

/// Opens the editor; gets the focus back when it closes.
#[component]
pub fn EditLabelButton(
    /// The label.
    label: Label,
) -> impl IntoView {
    let button = NodeRef::<Button>::new();
    focus_after(label.is_open, button);
    view! {
        <button
            type="button"
            class="button"
            node_ref=button
            aria-expanded=move || label.is_open.get().to_string()
            on:click=move |_| label.is_open.set(true)
        >
            "Name and note"
        </button>
    }
}

/// The note, or the form in its place.
#[component]
pub fn LabelSection(
    /// The label.
    label: Label,
    /// Keeps a new name and note.
    on_save: Callback<(Label, String, String)>,
) -> impl IntoView {
    let note = move || {
        let note = label.note.get();
        note.map(|note| view! { <p class="run-note" dir="auto">{note}</p> })
    };
    move || {
        if label.is_open.get() {
            view! { <LabelForm label on_save/> }.into_any()
        } else {
            note.into_any()
        }
    }
}

#[component]
fn LabelForm(label: Label, on_save: Callback<(Label, String, String)>) -> impl IntoView {
    let name = RwSignal::new(label.name.get_untracked().unwrap_or_default());
    let note = RwSignal::new(label.note.get_untracked().unwrap_or_default());
    let first = NodeRef::<Input>::new();
    first.on_load(|input| {
        let _ = input.focus();
    });
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let (name, note) = (name.get_untracked(), note.get_untracked());
        match LabelChange::new(Some(name.clone()), Some(note.clone())) {
            Ok(_) => on_save.run((label, name, note)),
            Err(problem) => label.problem.set(Some(problem)),
        }
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.is_composing() {
            label.close();
        }
    };
    view! {
        <form class="card label-form" aria-label="Name and note" on:submit=save on:keydown=escape>
            <div class="field">
                <label for="run-name">"Name"</label>
                <input
                    id="run-name"
                    type="text"
                    autocomplete="off"
                    dir="auto"
                    node_ref=first
                    aria-describedby="run-name-length"
                    prop:value=move || name.get()
                    on:input=move |event| name.set(event_target_value(&event))
                />
                <Length id="run-name-length" text=name most=NAME_CHARS_LIMIT/>
            </div>
            <div class="field">
                <label for="run-note">"Note"</label>
                <textarea
                    id="run-note"
                    rows="4"
                    autocomplete="off"
                    dir="auto"
                    aria-describedby="run-note-length"
                    prop:value=move || note.get()
                    on:input=move |event| note.set(event_target_value(&event))
                ></textarea>
                <Length id="run-note-length" text=note most=NOTE_CHARS_LIMIT/>
            </div>
            {move || label.problem.get().map(|error| view! { <ErrorAlert error/> })}
            <div class="row">
                <button
                    type="submit"
                    class="button primary"
                    aria-disabled=move || label.is_busy.get().then_some("true")
                >
                    "Save"
                </button>
                <button type="button" class="button" on:click=move |_| label.close()>
                    "Cancel"
                </button>
                <span class="note">"Escape cancels. An empty field removes what was there."</span>
            </div>
        </form>
    }
}

#[component]
fn Length(id: &'static str, text: RwSignal<String>, most: usize) -> impl IntoView {
    let n_chars = Memo::new(move |_| text.with(|text| text.chars().count()));
    let words = move || {
        let n_chars = words::plural(n_chars.get() as u64, "character", "characters");
        format!("{n_chars}, at most {}", units::count(most as u64))
    };
    view! {
        <span id=id class="note" class:over=move || { n_chars.get() > most }>
            {words}
        </span>
    }
}
