//! The answer that a prompt expects: any, one with a text, or one that matches.

use leptos::prelude::*;

use super::faulty::expected_id;
use super::field_problem::{FieldProblem, problem_id};
use super::prompt_field::{ExpectedKind, PromptField};
use super::state::RunForm;
use crate::components::each::each;
use crate::components::when::When;
use crate::domain::benchmark::RightAnswers;
use crate::domain::run::GenerationMode;

const KINDS: [(ExpectedKind, &str, &str); 3] = [
    (ExpectedKind::Any, "any", "Any answer"),
    (ExpectedKind::Text, "text", "Answer contains"),
    (ExpectedKind::Regex, "regex", "Answer matches regex"),
];

/// The kind, and the text or pattern where it needs one.
#[component]
pub(super) fn ExpectedField(
    prompt: PromptField,
    index: ReadSignal<usize>,
    said: Memo<Option<String>>,
    on_change: Callback<()>,
) -> impl IntoView {
    let PromptField {
        key,
        kind,
        expected,
        ..
    } = prompt;
    let is_wrong = move || said.with(Option::is_some);
    let choose = move |event| {
        let value = event_target_value(&event);
        if let Some((chosen, ..)) = KINDS.iter().find(|(_, key, _)| *key == value) {
            kind.set(*chosen);
            on_change.run(());
        }
    };
    let option = move |(choice, key, words): (ExpectedKind, &'static str, &'static str)| {
        view! {
            <option
                value=key
                selected=kind.get_untracked() == choice
                prop:selected=move || kind.get() == choice
            >
                {words}
            </option>
        }
    };
    let name = move || {
        let what = match kind.get() {
            ExpectedKind::Any | ExpectedKind::Text => "Text in",
            ExpectedKind::Regex => "Regular expression for",
        };
        format!("{what} the answer to prompt {}", index.get() + 1)
    };
    view! {
        <div class="expected">
            <select
                autocomplete="off"
                aria-label=move || format!("Right answer to prompt {}", index.get() + 1)
                on:change=choose
            >
                {each(KINDS, option)}
            </select>
            <When when=move || kind.get() != ExpectedKind::Any>
                <input
                    id=expected_id(key)
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    dir="auto"
                    aria-label=name
                    aria-invalid=move || is_wrong().then_some("true")
                    aria-describedby=move || is_wrong().then(|| problem_id(&expected_id(key)))
                    value=expected.get_untracked()
                    prop:value=move || expected.get()
                    on:input=move |event| expected.set(event_target_value(&event))
                    on:change=move |_| on_change.run(())
                />
            </When>
        </div>
        <FieldProblem field=expected_id(key) said/>
    }
}

/// How answers are judged, once one is.
#[component]
pub(super) fn JudgingNote(form: RunForm) -> impl IntoView {
    let is_judged = Memo::new(move |_| {
        let judged = |prompt: &PromptField| prompt.kind.get() != ExpectedKind::Any;
        form.prompts.with(|prompts| prompts.iter().any(judged))
    });
    let is_fixed = move || form.mode.get() == GenerationMode::FixedLength;
    view! {
        <When when=is_judged>
            <p class="note">
                "A text counts whatever its case and white space; a regular expression wherever it \
                 matches, (?i) in front ignores case. "
                {move || is_fixed().then_some(RightAnswers::FIXED_LENGTH)}
            </p>
        </When>
    }
}
