//! What was removed where: a bar for each block, as high as its share.

use leptos::prelude::*;

use crate::components::bars::{Bar, Bars};
use crate::components::each::each;
use crate::components::table_head::table_head;
use crate::domain::pruning::LayerCut;
use crate::domain::units;

/// The chart; the numbers are in the table below it.
#[component]
pub(super) fn LayerChart(layers: Vec<LayerCut>) -> impl IntoView {
    let bar = |cut: &LayerCut| Bar {
        percent: cut.removed_share() * 100.0,
        words: in_words(cut),
    };
    let bars = layers.iter().map(bar).collect();
    let scale = "100 % of the block's weights".to_owned();
    let last = layers.last().map_or(0, |cut| cut.layer);
    let edges = vec!["block 0".to_owned(), format!("block {last}")];
    let row = |cut: &LayerCut| {
        let count = |n: u32| units::count(n.into());
        view! {
            <tr>
                <th scope="row">{cut.layer}</th>
                <td data-label="Weights removed">
                    {format!("{:.1} %", cut.removed_share() * 100.0)}
                </td>
                <td data-label="Neurons before">{count(cut.n_ff_before)}</td>
                <td data-label="Neurons after">{count(cut.n_ff_after)}</td>
            </tr>
        }
    };
    view! {
        <figure class="chart removed">
            <h3>"What was removed where"</h3>
            <Bars scale bars edges/>
            <details>
                <summary>"Its numbers"</summary>
                <table>
                    <caption class="hidden">"What was removed of each block"</caption>
                    {table_head(&["Block", "Weights removed", "Neurons before", "Neurons after"])}
                    <tbody>{each(layers.iter(), row)}</tbody>
                </table>
            </details>
        </figure>
    }
}

fn in_words(cut: &LayerCut) -> String {
    match cut.weights_after {
        0 => format!("block {}: gone", cut.layer),
        _ => format!(
            "block {}: {:.1} % of its weights, {} of {} neurons left",
            cut.layer,
            cut.removed_share() * 100.0,
            units::count(cut.n_ff_after.into()),
            units::count(cut.n_ff_before.into())
        ),
    }
}
