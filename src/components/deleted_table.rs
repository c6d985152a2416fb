//! Deleted runs as a table, each with the way back; a list of cards where there is
//! little room.

use leptos::html;
use leptos::prelude::*;

use crate::components::deletion::Deletion;
use crate::components::each::each;
use crate::components::run_row::{NoteRow, date_cell, given_name, model_cell, plan_cell};
use crate::components::words;
use crate::domain::run::{DeletedRun, RunId};

/// One row for each run, in the given order.
#[component]
pub fn DeletedTable(
    /// The runs.
    runs: Vec<DeletedRun>,
    /// Restores a run.
    on_restore: Callback<Deletion>,
) -> impl IntoView {
    let row = |deleted: DeletedRun| view! { <DeletedRow deleted on_restore/> };
    view! {
        <div class="scroll">
            <table class="history">
                <caption class="hidden">"Deleted runs, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Run"</th>
                        <th scope="col">"Model"</th>
                        <th scope="col">"Asked for"</th>
                        <th scope="col">"Plan"</th>
                        <th scope="col">"Deleted"</th>
                        <th scope="col">"Kept until"</th>
                        <th scope="col">
                            <span class="hidden">"Restore"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{each(runs, row)}</tbody>
            </table>
        </div>
    }
}

#[component]
fn DeletedRow(deleted: DeletedRun, on_restore: Callback<Deletion>) -> impl IntoView {
    let DeletedRun {
        run,
        deleted_at,
        kept_until,
    } = deleted;
    let id = run.id;
    let deletion = Deletion::new(id, true);
    let plan = words::plan(run.n_prompts.into(), &run.settings);
    let technique = run.technique.label().to_owned();
    let restored = move |()| view! { <RestoredNote id/> }.into_any();
    view! {
        <tr hidden=move || deletion.is_changed()>
            <th scope="row">{format!("Run {id}")} {given_name(run.name)}</th>
            {model_cell(run.model_name, run.model_kind)}
            {date_cell("Asked for", run.created_at)}
            {plan_cell(technique, plan)}
            {date_cell("Deleted", deleted_at)}
            {date_cell("Kept until", kept_until)}
            <td class="row-actions">
                <button
                    type="button"
                    class="button quiet"
                    aria-label=format!("Restore run {id}")
                    aria-disabled=move || deletion.is_busy.get().then_some("true")
                    on:click=move |_| on_restore.run(deletion)
                >
                    "Restore"
                </button>
            </td>
        </tr>
        <NoteRow deletion n_columns="7" note=Callback::new(restored)/>
    }
}

/// What stands where the deleted run stood. The link to it gets the focus, which
/// reads the sentence out.
#[component]
fn RestoredNote(id: RunId) -> impl IntoView {
    let words_id = format!("restored-{id}");
    let link = NodeRef::<html::A>::new();
    link.on_load(|link| drop(link.focus()));
    view! {
        <p class="deleted">
            <span id=words_id.clone()>{format!("Run {id} is in the history again.")}</span>
            <a href=format!("/runs/{id}") node_ref=link aria-describedby=words_id>
                {format!("Open run {id}")}
            </a>
        </p>
    }
}
