//! Prompt sets above the prompts: choose, save, delete, take back.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::{Button, Input, Select};
use leptos::prelude::*;

use super::sets::{Chosen, PromptSets, SetActions, Undo, Wanted};
use super::state::RunForm;
use crate::components::alert::ErrorAlert;
use crate::components::focus::focus_after;
use crate::components::when::When;
use crate::domain::label::one_line;
use crate::domain::prompt_set::DEFAULT_NAME;

/// Before the name in the value of an option: names may be any text.
const SAVED: &str = "set:";
const DEFAULT: &str = "default";
const OWN: &str = "own";

/// The choice of a set, and what is done to sets.
#[component]
pub(super) fn SetPicker(form: RunForm, sets: PromptSets, actions: SetActions) -> impl IntoView {
    let is_changed = Memo::new(move |_| sets.is_changed(form));
    let saved = Memo::new(move |_| sets.chosen.with(|chosen| chosen.name().map(str::to_owned)));
    let save_button = NodeRef::<Button>::new();
    focus_after(sets.is_naming, save_button);
    let delete = move || {
        saved.get().map(|name| {
            view! {
                <button
                    type="button"
                    class="button quiet"
                    aria-label=format!("Delete the prompt set {name}")
                    aria-disabled=move || sets.is_busy.get().then_some("true")
                    on:click=move |_| actions.delete.run(())
                >
                    "Delete"
                </button>
            }
        })
    };
    view! {
        <div class="sets">
            <div class="row">
                <label for="prompt-set">"Prompt set"</label>
                <SetSelect sets on_choose=actions.choose/>
                <span aria-live="polite">
                    {move || is_changed.get().then(|| view! { <span class="chip">"changed"</span> })}
                </span>
                <button
                    type="button"
                    class="button quiet"
                    node_ref=save_button
                    aria-expanded=move || sets.is_naming.get().to_string()
                    on:click=move |_| sets.is_naming.set(true)
                >
                    "Save as…"
                </button>
                {delete}
            </div>
            <When when=sets.is_naming>
                <SaveForm sets on_save=actions.save/>
            </When>
            <div aria-live="polite">
                {move || sets.undo.get().map(|undo| view! { <UndoNote undo on_undo=actions.undo/> })}
            </div>
            {move || sets.problem.get().map(|error| view! { <ErrorAlert error/> })}
        </div>
    }
}

#[component]
fn SetSelect(sets: PromptSets, on_choose: Callback<Wanted>) -> impl IntoView {
    let select = NodeRef::<Select>::new();
    let choose = move |event| {
        let value = event_target_value(&event);
        match value.strip_prefix(SAVED) {
            Some(name) => on_choose.run(Wanted::Saved(name.to_owned())),
            None if value == DEFAULT => on_choose.run(Wanted::Default),
            None => {}
        }
    };
    let chosen = Memo::new(move |_| sets.chosen.with(value_of));
    // A set that could not be read is not the chosen one.
    Effect::new(move |_| {
        if sets.problem.with(Option::is_some)
            && let Some(select) = select.get_untracked()
        {
            select.set_value(&chosen.get_untracked());
        }
    });
    let options = move || {
        let own = (chosen.get() == OWN).then(|| (OWN.to_owned(), "Not saved".to_owned()));
        let default = (DEFAULT.to_owned(), DEFAULT_NAME.to_owned());
        let saved = |name: String| (format!("{SAVED}{name}"), name);
        let names = sets.names.get().into_iter().map(saved);
        own.into_iter()
            .chain([default])
            .chain(names)
            .collect::<Vec<_>>()
    };
    view! {
        <select id="prompt-set" autocomplete="off" node_ref=select on:change=choose>
            <For
                each=options
                key=|(value, _)| value.clone()
                children=move |(value, words)| {
                    let is_first_choice = chosen.get_untracked() == value;
                    let key = value.clone();
                    view! {
                        <option
                            value=value
                            selected=is_first_choice
                            prop:selected=move || chosen.get() == key
                        >
                            {words}
                        </option>
                    }
                }
            />
        </select>
    }
}

fn value_of(chosen: &Chosen) -> String {
    match chosen {
        Chosen::Own => OWN.to_owned(),
        Chosen::Default => DEFAULT.to_owned(),
        Chosen::Saved(set) => format!("{SAVED}{}", set.name),
    }
}

#[component]
fn SaveForm(sets: PromptSets, on_save: Callback<String>) -> impl IntoView {
    let chosen = sets
        .chosen
        .with_untracked(|chosen| chosen.name().map(str::to_owned));
    let name = RwSignal::new(chosen.unwrap_or_default());
    let first = NodeRef::<Input>::new();
    first.on_load(|input| {
        let _ = input.focus();
        input.select();
    });
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        on_save.run(name.get_untracked());
    };
    let close = move || {
        sets.problem.set(None);
        sets.is_naming.set(false);
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.is_composing() {
            close();
        }
    };
    let is_known = Memo::new(move |_| {
        let name = one_line(&name.get());
        sets.names.with(|names| names.contains(&name))
    });
    let note = move || {
        if is_known.get() {
            "Replaces the set of that name."
        } else {
            "Kept with the expected answers. Escape cancels."
        }
    };
    view! {
        <form class="row" aria-label="Save the prompts as a set" on:submit=save on:keydown=escape>
            <label for="prompt-set-name">"Name"</label>
            <input
                id="prompt-set-name"
                type="text"
                autocomplete="off"
                dir="auto"
                node_ref=first
                aria-describedby="prompt-set-note"
                prop:value=move || name.get()
                on:input=move |event| name.set(event_target_value(&event))
            />
            <button
                type="submit"
                class="button"
                aria-disabled=move || sets.is_busy.get().then_some("true")
            >
                {move || if is_known.get() { "Replace" } else { "Save" }}
            </button>
            <button type="button" class="button quiet" on:click=move |_| close()>
                "Cancel"
            </button>
            <span id="prompt-set-note" class="note">
                {note}
            </span>
        </form>
    }
}

/// What was done, with the way back. Where the button that did it is gone,
/// `Undo` gets the focus.
#[component]
fn UndoNote(undo: Undo, on_undo: Callback<()>) -> impl IntoView {
    let button = NodeRef::<Button>::new();
    let words = match &undo {
        Undo::Replaced(..) => "Prompts that were not saved were replaced.".to_owned(),
        Undo::Deleted(set) => format!("Prompt set {} deleted; the prompts below stay.", set.name),
    };
    if matches!(undo, Undo::Deleted(_)) {
        button.on_load(|button| {
            let _ = button.focus();
        });
    }
    view! {
        <p class="row">
            <span id="prompt-set-undo">{words}</span>
            <button
                type="button"
                class="button"
                node_ref=button
                aria-describedby="prompt-set-undo"
                on:click=move |_| on_undo.run(())
            >
                "Undo"
            </button>
        </p>
    }
}
