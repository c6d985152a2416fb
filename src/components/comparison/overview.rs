//! Several variants at a glance: a row for each, cards where there is little room.

use leptos::prelude::*;

use super::change::Said;
use super::rows::Row;
use super::view::Shown;
use crate::components::each::each;

/// The columns: the keys of their rows.
const COLUMNS: [&str; 6] = [
    "model_size",
    "response_time",
    "tokens_per_second",
    "memory",
    "perplexity",
    "mean_kld",
];

/// The table; it says in words what the chart below it draws.
#[component]
pub(super) fn Overview(
    baseline: String,
    variants: Vec<Shown>,
    on_front: Vec<bool>,
    front_words: &'static str,
) -> impl IntoView {
    let column = |key: &'static str| {
        let found = variants.iter().find_map(|variant| row(&variant.rows, key));
        Some((key, found?.head()))
    };
    let columns: Vec<(&str, String)> = COLUMNS.into_iter().filter_map(column).collect();
    let first = variants.first().map(|variant| variant.rows.clone());
    let first = first.unwrap_or_default();
    let head = |(key, head): &(&'static str, String)| {
        let work = row(&first, key).and_then(|row| row.work.as_ref());
        let work = work.map(|work| line(work.said.clone()));
        view! { <th scope="col" class="number">{head.clone()} {work}</th> }
    };
    let heads = each(columns.iter(), head);
    let baseline_cells = each(columns.iter(), |(key, head)| {
        let found = variants.iter().find_map(|variant| row(&variant.rows, key));
        let figure = found.map_or_else(|| "—".to_owned(), |row| row.baseline.clone());
        let produced = found.and_then(|row| Some(row.work.as_ref()?.produced.clone()?.0));
        view! { <td class="number" data-label=head.clone()>{figure} {produced.map(line)}</td> }
    });
    let rows = each(variants.iter().enumerate(), |(index, variant)| {
        // The baseline is the first of the front's points.
        let is_on_front = on_front.get(index + 1) == Some(&true);
        let cells = each(columns.iter(), |(key, head)| {
            cell(head, row(&variant.rows, key))
        });
        view! {
            <tr data-variant=variant.key.clone()>
                <th scope="row">
                    {variant.label.clone()}
                    {is_on_front
                        .then(|| view! { " " <span class="chip front">{front_words}</span> })}
                </th>
                {cells}
            </tr>
        }
    });
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

/// Below a figure or a head.
fn line(words: String) -> impl IntoView {
    view! { <small class="line">{words}</small> }
}

fn row<'a>(rows: &'a [Row], key: &str) -> Option<&'a Row> {
    rows.iter().find(|row| row.key == key)
}

fn cell(head: &str, row: Option<&Row>) -> impl IntoView + use<> {
    let head = head.to_owned();
    let Some(row) = row else {
        return view! { <td class="number" data-label=head>"—"</td> }.into_any();
    };
    let said = row.said.clone();
    let work = row.work.as_ref();
    let produced = work.and_then(|work| Some(work.produced.clone()?.1));
    view! {
        <td class="number" data-label=head>
            {row.variant.clone()}
            {produced.map(line)}
            {change_line(said)}
        </td>
    }
    .into_any()
}

/// A change below its figure. The word too: the colour alone tells not everybody.
pub(super) fn change_line(said: Said) -> impl IntoView {
    view! {
        <span class=format!("change line {}", said.class) title=said.words.clone()>
            <span aria-hidden="true">{said.arrow} " " {in_short(&said)}</span>
            <span class="hidden">{said.words.clone()}</span>
        </span>
    }
}

/// The change where there is little room, with the word for it.
fn in_short(said: &Said) -> String {
    match said.class {
        word @ ("better" | "worse") if said.short.ends_with('%') => {
            format!("{} {word}", said.short)
        }
        _ => said.short.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_and_worse_are_words_and_not_only_colours() {
        let said = |class, short: &str| Said {
            class,
            short: short.to_owned(),
            ..Said::missing("")
        };
        assert_eq!(in_short(&said("better", "50.0 %")), "50.0 % better");
        assert_eq!(in_short(&said("worse", "9.0 %")), "9.0 % worse");
        assert_eq!(in_short(&said("same", "no difference")), "no difference");
        // A loss is a word already.
        assert_eq!(in_short(&said("worse", "heavy loss")), "heavy loss");
    }
}
