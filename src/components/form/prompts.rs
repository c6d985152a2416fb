//! The prompts that are measured: write, add, remove.

use leptos::prelude::*;

use super::faulty::{PROBLEM_ID, prompt_id};
use super::state::{PromptField, RunForm};
use crate::components::words;
use crate::domain::defaults::{PROMPT_CHARS_LIMIT, PROMPTS_LIMIT};
use crate::domain::run::RunProblem;
use crate::domain::units;

/// A text area for each prompt.
#[component]
pub fn PromptEditor(
    /// The form.
    form: RunForm,
    /// Called after a prompt was changed, added or removed.
    on_change: Callback<()>,
) -> impl IntoView {
    let n_prompts = Memo::new(move |_| form.prompts.with(Vec::len));
    let problem = form.problem();
    let count = move || {
        let n = words::plural(n_prompts.get() as u64, "prompt", "prompts");
        format!("{n}, at most {PROMPTS_LIMIT}")
    };
    let add = move |_| {
        form.add_prompt();
        on_change.run(());
    };
    view! {
        <fieldset class="prompts">
            <legend>"Prompts"</legend>
            <ForEnumerate
                each=move || form.prompts.get()
                key=|prompt| prompt.key
                children=move |index, prompt| {
                    view! { <PromptArea form index prompt n_prompts problem on_change/> }
                }
            />
            <p class="row">
                <button
                    type="button"
                    class="button"
                    disabled={move || n_prompts.get() >= PROMPTS_LIMIT}
                    on:click=add
                >
                    "Add a prompt"
                </button>
                <span class="note">{count}</span>
            </p>
        </fieldset>
    }
}

#[component]
fn PromptArea(
    form: RunForm,
    index: ReadSignal<usize>,
    prompt: PromptField,
    n_prompts: Memo<usize>,
    problem: Memo<Option<RunProblem>>,
    on_change: Callback<()>,
) -> impl IntoView {
    let PromptField { key, text } = prompt;
    let id = prompt_id(key);
    let n_chars = Memo::new(move |_| text.with(|text| text.chars().count()));
    let is_too_long = move || n_chars.get() > PROMPT_CHARS_LIMIT;
    // The form says one problem at a time: this one may be of another prompt.
    let is_wrong = Memo::new(move |_| {
        let faulty = problem.with(|problem| problem.as_ref().and_then(RunProblem::prompt));
        faulty == Some(index.get() + 1)
    });
    let count = move || {
        let n = words::plural(n_chars.get() as u64, "character", "characters");
        if is_too_long() {
            format!("{n}: at most {}", units::count(PROMPT_CHARS_LIMIT as u64))
        } else {
            n
        }
    };
    let remove = move |_| {
        form.remove_prompt(key);
        on_change.run(());
    };
    view! {
        <div class="prompt">
            <div class="row">
                <label for=id.clone()>{move || format!("Prompt {}", index.get() + 1)}</label>
                <span class="note" class:over=is_too_long>
                    {count}
                </span>
                <button
                    type="button"
                    class="button quiet"
                    aria-label=move || format!("Remove prompt {}", index.get() + 1)
                    disabled={move || n_prompts.get() < 2}
                    on:click=remove
                >
                    "Remove"
                </button>
            </div>
            <textarea
                id=id
                rows="2"
                autocomplete="off"
                aria-invalid=move || (is_too_long() || is_wrong.get()).then_some("true")
                aria-describedby=move || is_wrong.get().then_some(PROBLEM_ID)
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
                on:change=move |_| on_change.run(())
            >
                {escaped(&text.get_untracked())}
            </textarea>
        </div>
    }
}

/// Leptos writes what is inside a textarea unescaped, as inside a script: a
/// prompt could end the element. In the browser `prop:value` is what counts.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_cannot_end_its_textarea() {
        assert_eq!(escaped("</textarea>&lt;"), "&lt;/textarea>&amp;lt;");
    }
}
