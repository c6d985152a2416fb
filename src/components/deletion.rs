//! Deleting a run with a way back: the button, and what stands in its place.

use leptos::html::Button;
use leptos::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::domain::defaults::DELETED_KEPT_DAYS;
use crate::domain::error::AppError;
use crate::domain::run::RunId;

/// The deletion of one run, as its page or row shows it.
#[derive(Clone, Copy)]
pub struct Deletion {
    /// The run.
    pub id: RunId,
    /// Whether it was deleted before the page was opened.
    was_deleted: bool,
    /// Whether it is deleted.
    pub is_deleted: RwSignal<bool>,
    /// Whether an answer is awaited.
    pub is_busy: RwSignal<bool>,
    /// Why the last attempt failed.
    pub problem: RwSignal<Option<AppError>>,
}

impl Deletion {
    /// Of a run that is there, or of one that is deleted.
    pub fn new(id: RunId, was_deleted: bool) -> Self {
        Self {
            id,
            was_deleted,
            is_deleted: RwSignal::new(was_deleted),
            is_busy: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }

    /// Whether the run was deleted or restored since the page was opened.
    pub fn is_changed(&self) -> bool {
        self.is_deleted.get() != self.was_deleted
    }
}

/// Deletes; gets the focus back when the run is restored.
#[component]
pub fn DeleteButton(
    /// The run's deletion.
    deletion: Deletion,
    /// Asks the server.
    on_delete: Callback<Deletion>,
) -> impl IntoView {
    let button = NodeRef::<Button>::new();
    Effect::new(move |was_deleted: Option<bool>| {
        let is_deleted = deletion.is_deleted.get();
        if was_deleted == Some(true) && !is_deleted {
            // Once the row is visible again.
            request_animation_frame(move || focus(button));
        }
        is_deleted
    });
    view! {
        <button
            type="button"
            class="button quiet"
            node_ref=button
            aria-label=format!("Delete run {}", deletion.id)
            aria-disabled=move || deletion.is_busy.get().then_some("true")
            on:click=move |_| on_delete.run(deletion)
        >
            "Delete"
        </button>
    }
}

/// What stands where the run stood. `Undo` gets the focus, which reads the
/// sentence out.
#[component]
pub fn DeletedNote(
    /// The run's deletion.
    deletion: Deletion,
    /// Asks the server to restore it.
    on_restore: Callback<Deletion>,
) -> impl IntoView {
    let id = deletion.id;
    let (words_id, kept_id) = (format!("deleted-{id}"), format!("kept-{id}"));
    let button = NodeRef::<Button>::new();
    // Not for a page that was opened so: there the reader begins at its start.
    if !deletion.was_deleted {
        button.on_load(move |_| focus(button));
    }
    view! {
        <p class="deleted">
            <span id=words_id.clone()>{format!("Run {id} deleted.")}</span>
            <button
                type="button"
                class="button"
                node_ref=button
                aria-describedby=format!("{words_id} {kept_id}")
                aria-disabled=move || deletion.is_busy.get().then_some("true")
                on:click=move |_| on_restore.run(deletion)
            >
                "Undo"
            </button>
            <span id=kept_id class="note">
                {format!("It is removed for good after {DELETED_KEPT_DAYS} days.")}
            </span>
        </p>
    }
}

/// Why the last attempt to delete or restore failed.
#[component]
pub fn DeletionProblem(
    /// The run's deletion.
    deletion: Deletion,
) -> impl IntoView {
    move || {
        let error = deletion.problem.get();
        error.map(|error| view! { <ErrorAlert error/> })
    }
}

fn focus(button: NodeRef<Button>) {
    if let Some(button) = button.get_untracked() {
        let _ = button.focus();
    }
}
