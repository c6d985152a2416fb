//! Several variants at a glance: a row for each, cards where there is little room.

use leptos::prelude::*;

use super::rows::Row;
use super::view::Shown;

/// The columns: names of rows, and their heads.
const COLUMNS: [(&str, &str); 6] = [
    ("model_size", "Size, MB"),
    ("response_time", "Response time, s"),
    ("tokens_per_second", "Throughput, tok/s"),
    ("memory", "Memory, MB"),
    ("perplexity", "Perplexity"),
    ("mean_kld", "Mean KLD, nats"),
];

/// The table; it says in words what the chart below it draws.
#[component]
pub(super) fn Overview(
    baseline: String,
    variants: Vec<Shown>,
    on_front: Vec<bool>,
) -> impl IntoView {
    let is_known = |(key, _): &(&str, &str)| {
        let has_row = |variant: &Shown| variant.rows.iter().any(|row| row.key == *key);
        variants.iter().any(has_row)
    };
    let columns: Vec<(&str, &str)> = COLUMNS.into_iter().filter(is_known).collect();
    let head = |(_, head): &(&'static str, &'static str)| view! { <th scope="col" class="number">{*head}</th> };
    let heads = columns.iter().map(head).collect_view();
    let baseline_cells = columns
        .iter()
        .map(|(key, head)| {
            let found = variants.iter().find_map(|variant| row(&variant.rows, key));
            let figure = found.map_or_else(|| "—".to_owned(), |row| row.baseline.clone());
            view! { <td class="number" data-label=*head>{figure}</td> }
        })
        .collect_view();
    let rows = variants
        .iter()
        .enumerate()
        .map(|(index, variant)| {
            // The baseline is the first of the front's points.
            let is_on_front = on_front.get(index + 1) == Some(&true);
            let cells = columns
                .iter()
                .map(|(key, head)| cell(head, row(&variant.rows, key)))
                .collect_view();
            view! {
                <tr data-variant=variant.key.clone()>
                    <th scope="row">
                        {variant.label.clone()}
                        {is_on_front
                            .then(|| view! { " " <span class="chip front">"on the front"</span> })}
                    </th>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="scroll">
            <table class="history overview">
                <caption class="hidden">"The variants and their baseline"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Level"</th>
                        {heads}
                    </tr>
                </thead>
                <tbody>
                    <tr data-variant="baseline">
                        <th scope="row">
                            {baseline} " " <small class="line">"baseline"</small>
                        </th>
                        {baseline_cells}
                    </tr>
                    {rows}
                </tbody>
            </table>
        </div>
    }
}

fn row<'a>(rows: &'a [Row], key: &str) -> Option<&'a Row> {
    rows.iter().find(|row| row.key == key)
}

fn cell(head: &'static str, row: Option<&Row>) -> impl IntoView + use<> {
    let Some(row) = row else {
        return view! { <td class="number" data-label=head>"—"</td> }.into_any();
    };
    let said = row.said.clone();
    // Where there is no room for the word, the colour has it in its title, and
    // a screen reader reads it.
    view! {
        <td class="number" data-label=head>
            {row.variant.clone()}
            <span class=format!("change line {}", said.class) title=said.words.clone()>
                <span aria-hidden="true">{said.arrow} " " {said.short}</span>
                <span class="hidden">{said.words.clone()}</span>
            </span>
        </td>
    }
    .into_any()
}
