//! A variant that is no longer what was made: what is wrong with it, and deleting it.

use leptos::html::Span;
use leptos::prelude::*;

use super::deletion::{DeleteVariant, VariantDeletion};
use crate::components::marked::marked;
use crate::domain::model::ModelId;

/// An entry of the list of files that cannot be measured.
#[component]
pub fn DamagedVariant(
    /// Its id.
    id: ModelId,
    /// Its file.
    file_name: String,
    /// What is wrong with it.
    reason: String,
    /// Asks the server to delete it.
    on_delete: Callback<VariantDeletion>,
) -> impl IntoView {
    let deletion = VariantDeletion::new(id, file_name.clone());
    let is_deleted = move || deletion.is_deleted.get();
    let deleted = move || {
        is_deleted().then(|| {
            let said = NodeRef::<Span>::new();
            said.on_load(|said| drop(said.focus()));
            view! { <span tabindex="-1" node_ref=said>"Deleted."</span> }
        })
    };
    view! {
        <div>
            <dt>{file_name}</dt>
            <dd>
                <div hidden=is_deleted>
                    {marked(&reason)} " " <DeleteVariant deletion on_delete/>
                </div>
                {deleted}
            </dd>
        </div>
    }
}
