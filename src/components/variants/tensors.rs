//! What a file's tensors really are: a recipe's name tells only what was meant.

use leptos::prelude::*;

use crate::components::each::each;
use crate::domain::units;
use crate::domain::variant::TensorShare;

/// A row for each type, with its share of the bytes.
#[component]
pub(super) fn TensorTypes(
    /// The recipe.
    label: String,
    /// The types.
    types: Vec<TensorShare>,
) -> impl IntoView {
    let all: u64 = types.iter().map(|share| share.n_bytes).sum();
    let row = move |share: TensorShare| {
        let part = 100.0 * share.n_bytes as f64 / all.max(1) as f64;
        view! {
            <tr>
                <th scope="row">{share.name}</th>
                <td class="number" data-label="Tensors">{units::count(share.n_tensors.into())}</td>
                <td class="number" data-label="Parameters">{units::parameters(share.n_params)}</td>
                <td class="number" data-label="Size, MB">
                    {units::number(share.n_bytes as f64 / 1e6)}
                </td>
                <td class="number" data-label="Share of the bytes">{format!("{part:.1} %")}</td>
            </tr>
        }
    };
    view! {
        <table class="history">
            <caption class="hidden">{format!("Tensor types of {label}")}</caption>
            <thead>
                <tr>
                    <th scope="col">"Type"</th>
                    <th scope="col" class="number">"Tensors"</th>
                    <th scope="col" class="number">"Parameters"</th>
                    <th scope="col" class="number">"Size, MB"</th>
                    <th scope="col" class="number">"Share of the bytes"</th>
                </tr>
            </thead>
            <tbody>{each(types, row)}</tbody>
        </table>
    }
}
