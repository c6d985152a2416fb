//! What pages ask of the server about stored runs: delete, restore, label.
//! The page may be gone when an answer comes: every write is a `try_` one.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::deletion::Deletion;
use crate::components::label::Label;

/// Deletes the run.
pub(super) fn delete(deletion: Deletion) {
    set_deleted(deletion, true);
}

/// Restores the run.
pub(super) fn restore(deletion: Deletion) {
    set_deleted(deletion, false);
}

fn set_deleted(deletion: Deletion, is_deleted: bool) {
    if deletion.is_busy.get_untracked() {
        return;
    }
    deletion.is_busy.set(true);
    deletion.problem.set(None);
    spawn_local(async move {
        let id = deletion.id.0;
        let answer = if is_deleted {
            api::delete_run(id).await
        } else {
            api::restore_run(id).await.map(drop)
        };
        match answer {
            Ok(()) => drop(deletion.is_deleted.try_set(is_deleted)),
            Err(error) => drop(deletion.problem.try_set(Some(error))),
        }
        deletion.is_busy.try_set(false);
    });
}

/// Keeps a new name and note, and shows them as they were kept.
pub(super) fn save((label, name, note): (Label, String, String)) {
    if label.is_busy.get_untracked() {
        return;
    }
    label.is_busy.set(true);
    label.problem.set(None);
    spawn_local(async move {
        match api::label_run(label.id.0, Some(name), Some(note)).await {
            Ok(run) => {
                label.name.try_set(run.name);
                label.note.try_set(run.note);
                label.is_open.try_set(false);
            }
            Err(error) => drop(label.problem.try_set(Some(error))),
        }
        label.is_busy.try_set(false);
    });
}
