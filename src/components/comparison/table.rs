//! The figures of a variant against the baseline's, one below the other, with
//! their intervals on one scale.

use leptos::prelude::*;

use super::change::Said;
use super::interval::{axis, interval};
use super::rows::Row;
use super::scale::Scale;
use crate::components::each::each;

/// The table; on a narrow page a block for each figure.
#[component]
pub(super) fn ComparisonTable(
    baseline: String,
    variant: String,
    rows: Vec<Row>,
    scale: Scale,
) -> impl IntoView {
    let heads = (baseline.clone(), variant.clone());
    let row = |row: Row| table_row(row, (&heads.0, &heads.1), scale);
    view! {
        <div class="scroll">
            <table class="against">
                <caption class="hidden">{format!("{variant} against the baseline")}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Against the baseline, paired"</th>
                        <th scope="col" class="number">{baseline}</th>
                        <th scope="col" class="number">{variant}</th>
                        <th scope="col">"Change"</th>
                        <th scope="col" class="reach">
                            "95 % interval, % better" {axis(scale)}
                        </th>
                        <th scope="col" class="claim">"Typical claim"</th>
                    </tr>
                </thead>
                <tbody>{each(rows, row)}</tbody>
            </table>
        </div>
    }
}

fn table_row(row: Row, heads: (&str, &str), scale: Scale) -> impl IntoView + use<> {
    let Row {
        key,
        name,
        unit,
        definition,
        told_by,
        work,
        baseline,
        variant,
        said,
        mark,
        claim,
    } = row;
    let line = |words: String| view! { <small class="line">{words}</small> };
    let produced = work.as_ref().and_then(|work| work.produced.clone());
    let (produced, produced_after) = produced.unzip();
    let work = work.map(|work| line(work.said));
    let improvement = mark.map(|mark| mark.at.to_string());
    let class = said.class;
    let claim_class = if claim.is_some() {
        "claim"
    } else {
        "claim none"
    };
    let drawn = mark.map(|mark| interval(mark, scale, class));
    view! {
        <tr data-quantity=key data-verdict=class data-improvement=improvement>
            <th scope="row">
                <details class="definition">
                    <summary>
                        <span>{name} " " <small>{unit}</small></span>
                        <span class="hidden">" — definition"</span>
                    </summary>
                    <p>{definition}</p>
                    {told_by.map(|words| view! { <p>{words}</p> })}
                </details>
                {work}
            </th>
            <td class="number" data-label=heads.0.to_owned()>{baseline} {produced.map(line)}</td>
            <td class="number" data-label=heads.1.to_owned()>
                {variant} {produced_after.map(line)}
            </td>
            <td class="said">{change(said)}</td>
            <td class="reach">{drawn}</td>
            <td class=claim_class data-label="Typical claim">
                // A figure and its sign stay on one line.
                {claim.map_or_else(|| "—".to_owned(), |claim| claim.replace(" %", "\u{a0}%"))}
            </td>
        </tr>
    }
}

fn change(said: Said) -> impl IntoView {
    view! {
        <span class=format!("change {}", said.class)>
            <span aria-hidden="true">{said.arrow} " "</span>
            {said.words}
        </span>
        {said.detail.map(|detail| view! { <small class="line">{detail}</small> })}
    }
}
