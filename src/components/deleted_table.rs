//! Deleted runs as a table, each with the way back; a list of cards where there is
//! little room.

use leptos::html;
use leptos::prelude::*;

use crate::components::deletion::{Deletion, DeletionProblem};
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
                <tbody>{runs.into_iter().map(row).collect_view()}</tbody>
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
    let is_restored = move || !deletion.is_deleted.get();
    let is_noted = move || is_restored() || deletion.problem.with(Option::is_some);
    let name = run
        .name
        .map(|name| view! { <bdi class="run-name">{name}</bdi> });
    let plan = words::plan(run.n_prompts.into(), &run.settings);
    let date = |label: &'static str, at: String| {
        view! {
            <td data-label=label>
                <time datetime=at.clone()>{words::date(&at)}</time>
            </td>
        }
    };
    view! {
        <tr hidden=is_restored>
            <th scope="row">{format!("Run {id}")} {name}</th>
            <td data-label="Model">
                {run.model_name} " " <small>{run.model_kind}</small>
            </td>
            {date("Asked for", run.created_at)}
            <td data-label="Plan">
                {run.technique.label()} <small class="line">{plan}</small>
            </td>
            {date("Deleted", deleted_at)}
            {date("Kept until", kept_until)}
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
        <Show when=is_noted>
            <tr class="row-note">
                <td colspan="7">
                    <Show when=is_restored>
                        <RestoredNote id/>
                    </Show>
                    <DeletionProblem deletion/>
                </td>
            </tr>
        </Show>
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
