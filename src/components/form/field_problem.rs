//! What is wrong with a field, said where the field is.

use leptos::prelude::*;

use crate::components::words;
use crate::domain::run::RunProblem;

/// The element's id of what is wrong with the field of this id.
pub(super) fn problem_id(field: &str) -> String {
    format!("{field}-problem")
}

/// The form's problem in a sentence, where it lies in a field.
pub(super) fn said_of(
    problem: Memo<Option<RunProblem>>,
    is_here: impl Fn(&RunProblem) -> bool + Send + Sync + 'static,
) -> Memo<Option<String>> {
    Memo::new(move |_| {
        problem.with(|problem| {
            let problem = problem.as_ref().filter(|problem| is_here(problem))?;
            Some(words::sentence(&problem.in_the_form()))
        })
    })
}

/// The sentence; nothing while nothing is wrong. The field is described by it.
#[component]
pub(super) fn FieldProblem(
    /// The field's id.
    #[prop(into)]
    field: String,
    /// What is wrong with it.
    said: Memo<Option<String>>,
) -> impl IntoView {
    move || {
        said.get().map(|said| {
            view! {
                <span class="note over" id=problem_id(&field)>
                    {said}
                </span>
            }
        })
    }
}
