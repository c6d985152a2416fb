//! The history as a table; a list of cards where there is little room.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::deletion::{DeleteButton, DeletedNote, Deletion};
use crate::components::each::each;
use crate::components::run_row::{NoteRow, date_cell, given_name, model_cell, plan_cell};
use crate::components::words;
use crate::domain::compare::Quantity;
use crate::domain::recipe::Recipe;
use crate::domain::run::{RunSummary, Technique};
use crate::domain::units;

/// One row for each run, in the given order.
#[component]
pub fn RunTable(
    /// The runs.
    runs: Vec<RunSummary>,
    /// Deletes a run.
    on_delete: Callback<Deletion>,
    /// Restores a run.
    on_restore: Callback<Deletion>,
) -> impl IntoView {
    let row = |run: RunSummary| view! { <RunRow run on_delete on_restore/> };
    view! {
        <div class="scroll">
            <table class="history">
                <caption class="hidden">"Runs, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Run"</th>
                        <th scope="col">"Model"</th>
                        <th scope="col">"Asked for"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Plan"</th>
                        <th scope="col" class="number">{Quantity::TokensPerSecond.head()}</th>
                        <th scope="col" class="number">{Quantity::ResponseTime.head()}</th>
                        <th scope="col" class="number">{Quantity::Memory.head()}</th>
                        <th scope="col">
                            <span class="hidden">"Delete"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{each(runs, row)}</tbody>
            </table>
        </div>
    }
}

#[component]
fn RunRow(
    run: RunSummary,
    on_delete: Callback<Deletion>,
    on_restore: Callback<Deletion>,
) -> impl IntoView {
    let deletion = Deletion::new(run.id, false);
    let technique = technique_words(&run);
    let is_compared = is_compared(&run);
    // Without it they would be read as those of the variant that the row names.
    let figure = move |value: Option<f64>| {
        let of_whom = (is_compared && value.is_some()).then_some("baseline");
        view! {
            {value.map_or_else(|| "—".to_owned(), units::number)}
            {of_whom.map(|words| view! { <small class="line">{words}</small> })}
        }
    };
    let status = words::status_key(run.status);
    let plan = words::plan(run.n_prompts.into(), &run.settings);
    let deleted = move |()| view! { <DeletedNote deletion on_restore/> }.into_any();
    view! {
        <tr data-status=status hidden=move || deletion.is_changed()>
            <th scope="row">
                <A href=format!("/runs/{}", run.id)>{format!("Run {}", run.id)}</A>
                {given_name(run.name)}
            </th>
            {model_cell(run.model_name, run.model_kind)}
            {date_cell("Asked for", run.created_at)}
            <td data-label="Status">
                <span class=format!("chip {status}")>{run.status.word()}</span>
                {run.is_unstable.then(|| view! { " " <span class="chip unstable">"Unstable"</span> })}
            </td>
            {plan_cell(technique, plan)}
            <td class="number" data-label=Quantity::TokensPerSecond.head()>{figure(run.tokens_per_second)}</td>
            <td class="number" data-label=Quantity::ResponseTime.head()>{figure(run.response_time_s)}</td>
            <td class="number" data-label=Quantity::Memory.head()>{figure(run.memory_usage_mb)}</td>
            <td class="row-actions">
                <DeleteButton deletion on_delete/>
            </td>
        </tr>
        <NoteRow deletion n_columns="9" note=Callback::new(deleted)/>
    }
}

/// Whether a run has variants; the figures of its row are its baseline's.
fn is_compared(run: &RunSummary) -> bool {
    matches!(run.technique, Technique::Quantization | Technique::Pruning)
}

/// What a run measured.
fn technique_words(run: &RunSummary) -> String {
    let label = run.technique.label();
    if !is_compared(run) {
        return label.to_owned();
    }
    let levels: Vec<String> = run.recipes.iter().map(Recipe::label).collect();
    format!("{label}: {}", levels.join(", "))
}
