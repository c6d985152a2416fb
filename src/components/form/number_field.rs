//! A number of the settings, with its help and what is wrong with it.

use leptos::prelude::*;

use super::faulty::setting_id;
use super::field_problem::{FieldProblem, problem_id, said_of};
use crate::domain::run::{RunProblem, Setting};

/// A labelled input of a whole number.
#[component]
pub fn NumberField(
    /// Which number.
    setting: Setting,
    /// What it counts, where its name does not say.
    #[prop(optional)]
    unit: Option<&'static str>,
    /// What it does.
    help: &'static str,
    /// As typed.
    value: RwSignal<String>,
    /// What is wrong with the form.
    problem: Memo<Option<RunProblem>>,
    /// Called after it was changed.
    on_change: Callback<()>,
) -> impl IntoView {
    let id = setting_id(setting);
    let help_id = format!("{id}-help");
    let label = match unit {
        Some(unit) => format!("{}, {unit}", setting.label()),
        None => setting.label().to_owned(),
    };
    let said = said_of(problem, move |problem| problem.is_in_setting(setting));
    let is_wrong = move || said.with(Option::is_some);
    let described_by = {
        let help_id = help_id.clone();
        move || match is_wrong() {
            true => format!("{} {help_id}", problem_id(id)),
            false => help_id.clone(),
        }
    };
    let (least, most) = setting.range().into_inner();
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                type="number"
                min=least.to_string()
                max=most.to_string()
                step="1"
                autocomplete="off"
                aria-invalid=move || is_wrong().then_some("true")
                aria-describedby=described_by
                value=value.get_untracked()
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                on:change=move |_| on_change.run(())
            />
            <FieldProblem field=id said/>
            <span class="note" id=help_id>
                {help}
            </span>
        </div>
    }
}
