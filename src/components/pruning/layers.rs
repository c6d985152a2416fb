//! What was removed where: a bar for each block, as high as its share.

use leptos::prelude::*;

use crate::domain::pruning::LayerCut;
use crate::domain::units;

/// The chart; the numbers are in the table below it.
#[component]
pub(super) fn LayerChart(layers: Vec<LayerCut>) -> impl IntoView {
    let bar = |cut: &LayerCut| {
        let share = cut.removed_share() * 100.0;
        view! {
            <span class="slot" title=in_words(cut)>
                <span class="fill" style=format!("height:{share:.2}%")></span>
            </span>
        }
    };
    let last = layers.last().map_or(0, |cut| cut.layer);
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
            <div class="histogram" aria-hidden="true">
                <span class="scale">"100 % of the block's weights"</span>
                <div class="bars">{layers.iter().map(bar).collect_view()}</div>
                <div class="edges">
                    <span>"block 0"</span>
                    <span>{format!("block {last}")}</span>
                </div>
            </div>
            <details>
                <summary>"Its numbers"</summary>
                <table>
                    <caption class="hidden">"What was removed of each block"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Block"</th>
                            <th scope="col">"Weights removed"</th>
                            <th scope="col">"Neurons before"</th>
                            <th scope="col">"Neurons after"</th>
                        </tr>
                    </thead>
                    <tbody>{layers.iter().map(row).collect_view()}</tbody>
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
