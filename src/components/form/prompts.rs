//! The prompts that are measured: write, add, load, remove.

use leptos::prelude::*;

use super::expected::{ExpectedField, JudgingNote};
use super::faulty::prompt_id;
use super::field_problem::{FieldProblem, problem_id, said_of};
use super::prompt_field::PromptField;
use super::prompt_file::PromptFile;
use super::set_picker::SetPicker;
use super::sets::{PromptSets, SetActions};
use super::state::RunForm;
use crate::components::words;
use crate::domain::defaults::{PROMPT_CHARS_LIMIT, PROMPTS_LIMIT};
use crate::domain::run::RunProblem;
use crate::domain::units;

/// Rows of a text area; a longer text scrolls.
const ROWS: std::ops::RangeInclusive<usize> = 2..=12;
/// Characters of a row, roughly.
const ROW_CHARS: usize = 60;

/// The prompt sets, and a text area for each prompt.
#[component]
pub fn PromptEditor(
    /// The form.
    form: RunForm,
    /// The prompt sets.
    sets: PromptSets,
    /// What the server is asked about sets.
    actions: SetActions,
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
            <SetPicker form sets actions/>
            <ForEnumerate
                each=move || form.prompts.get()
                key=|prompt| prompt.key
                children=move |index, prompt| {
                    view! { <PromptArea form sets index prompt n_prompts problem on_change/> }
                }
            />
            <JudgingNote form/>
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
    sets: PromptSets,
    index: ReadSignal<usize>,
    prompt: PromptField,
    n_prompts: Memo<usize>,
    problem: Memo<Option<RunProblem>>,
    on_change: Callback<()>,
) -> impl IntoView {
    let PromptField { key, text, .. } = prompt;
    let id = prompt_id(key);
    let file_problem = RwSignal::new(None::<String>);
    let n_chars = Memo::new(move |_| text.with(|text| text.chars().count()));
    let n_rows = Memo::new(move |_| text.with(|text| rows(text)));
    let is_too_long = move || n_chars.get() > PROMPT_CHARS_LIMIT;
    // The form says one problem at a time: this one may be of another prompt.
    let said_here = move |in_expectation: bool| {
        said_of(problem, move |problem| {
            problem.prompt() == Some(index.get() + 1) && problem.is_expectation() == in_expectation
        })
    };
    let (said, expected_said) = (said_here(false), said_here(true));
    let is_wrong = move || said.with(Option::is_some);
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
    let loaded = Callback::new(move |read: Result<String, String>| match read {
        Ok(read) => {
            if text.with_untracked(|text| !text.trim().is_empty()) {
                sets.keep_unsaved(form);
            }
            file_problem.set(None);
            text.set(read);
            on_change.run(());
        }
        Err(reason) => file_problem.set(Some(reason)),
    });
    view! {
        <div class="prompt">
            <div class="row">
                <label for=id.clone()>{move || format!("Prompt {}", index.get() + 1)}</label>
                <span class="note" class:over=is_too_long>
                    {count}
                </span>
                <PromptFile index on_read=loaded/>
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
                rows=move || n_rows.get().to_string()
                autocomplete="off"
                aria-invalid=move || (is_too_long() || is_wrong()).then_some("true")
                aria-describedby=move || is_wrong().then(|| problem_id(&prompt_id(key)))
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
                on:change=move |_| on_change.run(())
            >
                {escaped(&text.get_untracked())}
            </textarea>
            <FieldProblem field=prompt_id(key) said/>
            {move || {
                file_problem
                    .get()
                    .map(|problem| {
                        view! {
                            <p class="note over" role="alert">{words::sentence(&problem)}</p>
                        }
                    })
            }}
            <ExpectedField prompt index said=expected_said on_change/>
        </div>
    }
}

/// Rows that show a text, within limits.
fn rows(text: &str) -> usize {
    let mut rows = 0;
    for line in text.split('\n') {
        rows += line.chars().count() / ROW_CHARS + 1;
        if rows > *ROWS.end() {
            break;
        }
    }
    rows.clamp(*ROWS.start(), *ROWS.end())
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

    #[test]
    fn a_text_area_grows_to_a_limit() {
        assert_eq!(rows(""), 2);
        assert_eq!(rows("a\nb\nc"), 3);
        assert_eq!(rows(&"x".repeat(250)), 5);
        assert_eq!(rows(&"x\n".repeat(100_000)), 12);
    }
}
