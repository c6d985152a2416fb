//! What the Models page asks of the server about variants. The page may be gone
//! when an answer comes: every write is a `try_` one.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::variants::VariantDeletion;

/// Deletes the variant's file.
pub(super) fn delete(deletion: VariantDeletion) {
    if deletion.is_busy.get_untracked() {
        return;
    }
    deletion.is_busy.set(true);
    deletion.problem.set(None);
    let id = deletion.id.get_value();
    spawn_local(async move {
        match api::delete_variant(id).await {
            Ok(_) => drop(deletion.is_deleted.try_set(true)),
            Err(error) => drop(deletion.problem.try_set(Some(error))),
        }
        deletion.is_busy.try_set(false);
    });
}
