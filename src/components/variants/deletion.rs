//! Deleting a variant: asked once more, because the file is gone at once; the
//! same recipe makes it again.

use leptos::html::{Button, Span};
use leptos::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::focus::focus_after;
use crate::domain::error::AppError;
use crate::domain::model::ModelId;

/// The deletion of one variant, as its row shows it.
#[derive(Clone, Copy)]
pub struct VariantDeletion {
    /// The variant.
    pub id: StoredValue<ModelId>,
    /// Its recipe, as shown.
    label: StoredValue<String>,
    /// Whether the user is asked.
    is_asking: RwSignal<bool>,
    /// Whether it is deleted.
    pub is_deleted: RwSignal<bool>,
    /// Whether an answer is awaited.
    pub is_busy: RwSignal<bool>,
    /// Why the last attempt failed.
    pub problem: RwSignal<Option<AppError>>,
}

impl VariantDeletion {
    /// Of a variant that is there.
    pub(super) fn new(id: ModelId, label: String) -> Self {
        Self {
            id: StoredValue::new(id),
            label: StoredValue::new(label),
            is_asking: RwSignal::new(false),
            is_deleted: RwSignal::new(false),
            is_busy: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }

    fn name(self, verb: &str) -> String {
        format!("{verb} {}", self.label.get_value())
    }
}

/// The button, and the question in its place.
#[component]
pub(super) fn DeleteVariant(
    /// The deletion.
    deletion: VariantDeletion,
    /// Asks the server.
    on_delete: Callback<VariantDeletion>,
) -> impl IntoView {
    let button = NodeRef::<Button>::new();
    focus_after(deletion.is_asking, button);
    let question = move || {
        deletion.is_asking.get().then(|| {
            // A new one for each question: it tells of one button only.
            let sure = NodeRef::<Button>::new();
            sure.on_load(|button| drop(button.focus()));
            view! {
                <span class="sure" role="group" aria-label=deletion.name("Delete the file of")>
                    <span class="note">"The file is gone at once. The same recipe makes it again."</span>
                    <button
                        type="button"
                        class="button"
                        node_ref=sure
                        aria-disabled=move || deletion.is_busy.get().then_some("true")
                        on:click=move |_| on_delete.run(deletion)
                    >
                        "Delete the file"
                    </button>
                    <button
                        type="button"
                        class="button"
                        on:click=move |_| deletion.is_asking.set(false)
                    >
                        "Keep"
                    </button>
                </span>
            }
        })
    };
    view! {
        <button
            type="button"
            class="button quiet"
            node_ref=button
            aria-label=deletion.name("Delete")
            aria-expanded=move || deletion.is_asking.get().to_string()
            on:click=move |_| deletion.is_asking.update(|is_asking| *is_asking = !*is_asking)
        >
            "Delete"
        </button>
        {question}
        {move || deletion.problem.get().map(|error| view! { <ErrorAlert error/> })}
    }
}

/// What stands where the variant stood; it gets the focus and is read out.
#[component]
pub(super) fn VariantDeleted(
    /// The deletion.
    deletion: VariantDeletion,
) -> impl IntoView {
    move || {
        deletion.is_deleted.get().then(|| {
            let said = NodeRef::<Span>::new();
            said.on_load(|said| drop(said.focus()));
            view! {
                <tr class="row-note">
                    <td colspan="5">
                        <span tabindex="-1" node_ref=said>
                            {deletion.name("Deleted:")} "."
                        </span>
                    </td>
                </tr>
            }
        })
    }
}
