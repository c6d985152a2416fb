//! What the dashboard asks of the server about prompt sets. The page may be
//! gone when an answer comes: nothing is written then.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::form::{Chosen, PromptSets, RunForm, SetActions, Undo, Wanted};
use crate::components::host;
use crate::domain::error::AppError;
use crate::domain::prompt::Prompt;
use crate::domain::prompt_set::PromptSet;

/// What the user does to sets; `keep` remembers the form's prompts.
pub(super) fn actions(sets: PromptSets, form: RunForm, keep: Callback<()>) -> SetActions {
    SetActions {
        choose: Callback::new(move |wanted| choose(sets, form, wanted, keep)),
        save: Callback::new(move |name| save(sets, form, name)),
        delete: Callback::new(move |()| delete(sets)),
        undo: Callback::new(move |()| undo(sets, form, keep)),
    }
}

fn choose(sets: PromptSets, form: RunForm, wanted: Wanted, keep: Callback<()>) {
    match wanted {
        Wanted::Default => {
            sets.problem.set(None);
            replace(sets, form, &Prompt::defaults(), Chosen::Default, keep);
        }
        Wanted::Saved(name) => ask(sets, api::get_prompt_set(name), move |set| {
            let prompts = set.prompts.clone();
            replace(sets, form, &prompts, Chosen::Saved(set), keep);
        }),
    }
}

fn replace(
    sets: PromptSets,
    form: RunForm,
    prompts: &[Prompt],
    chosen: Chosen,
    keep: Callback<()>,
) {
    sets.keep_unsaved(form);
    form.set_prompts(prompts);
    sets.chosen.set(chosen);
    keep.run(());
}

fn save(sets: PromptSets, form: RunForm, name: String) {
    let prompts = untrack(|| form.written_prompts());
    match PromptSet::new(&name, prompts) {
        Ok(set) => ask(
            sets,
            api::keep_prompt_set(set.name, set.prompts),
            move |set| {
                sets.undo.set(None);
                sets.add(set);
                sets.is_naming.set(false);
            },
        ),
        Err(problem) => sets.problem.set(Some(problem)),
    }
}

fn delete(sets: PromptSets) {
    let name = sets
        .chosen
        .with_untracked(|chosen| chosen.name().map(str::to_owned));
    let Some(name) = name else { return };
    ask(sets, api::delete_prompt_set(name), move |set| {
        sets.names
            .update(|names| names.retain(|name| *name != set.name));
        sets.chosen.set(Chosen::Own);
        sets.undo.set(Some(Undo::Deleted(set)));
    });
}

fn undo(sets: PromptSets, form: RunForm, keep: Callback<()>) {
    match sets.undo.get_untracked() {
        Some(Undo::Replaced(prompts, chosen)) => {
            // Not in the click's own scope: it ends with the button, and the new
            // fields would end with it.
            spawn_local(async move {
                replace(sets, form, &prompts, chosen, keep);
                host::focus("prompt-set");
            });
        }
        Some(Undo::Deleted(set)) => {
            ask(
                sets,
                api::keep_prompt_set(set.name, set.prompts),
                move |set| {
                    sets.undo.set(None);
                    sets.add(set);
                    host::focus("prompt-set");
                },
            );
        }
        None => {}
    }
}

/// Asks the server one thing at a time.
fn ask(
    sets: PromptSets,
    question: impl Future<Output = Result<PromptSet, AppError>> + 'static,
    then: impl FnOnce(PromptSet) + 'static,
) {
    if sets.is_busy.get_untracked() {
        return;
    }
    sets.is_busy.set(true);
    sets.problem.set(None);
    spawn_local(async move {
        let answer = question.await;
        // None: the page is gone, and its signals with it.
        if sets.is_busy.try_set(false).is_some() {
            return;
        }
        match answer {
            Ok(set) => then(set),
            Err(error) => sets.problem.set(Some(error)),
        }
    });
}
