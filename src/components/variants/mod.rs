//! The variants that were made here, under what they were made of.

mod damaged;
mod deletion;
mod elsewhere;
mod tensors;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::components::each::each;
use crate::components::marked::marked;
use crate::components::pruning::PruningView;
use crate::components::words;
use crate::domain::model::Model;
use crate::domain::order::in_order;
use crate::domain::units;
use crate::domain::variant::{VariantBase, VariantRecord};

pub use damaged::DamagedVariant;
pub use deletion::VariantDeletion;
use deletion::{DeleteVariant, VariantDeleted};
use elsewhere::Elsewhere;
use tensors::TensorTypes;

/// The section of the Models page.
#[component]
pub fn VariantsCard(
    /// All variants.
    variants: Vec<Model>,
    /// The hashes of the models that are in the library.
    bases: Vec<String>,
    /// The folder where variants are.
    folder: String,
    /// Asks the server to delete one.
    on_delete: Callback<VariantDeletion>,
) -> impl IntoView {
    let deletions: Vec<(VariantDeletion, f64)> = variants
        .iter()
        .filter_map(|model| {
            let label = model.variant.as_ref()?.label();
            let deletion = VariantDeletion::new(model.id.clone(), label);
            Some((deletion, model.size_mb()))
        })
        .collect();
    let by_id = StoredValue::new(deletions.clone());
    let summary = move || {
        let left = deletions.iter().filter(|(one, _)| !one.is_deleted.get());
        in_words(&left.map(|(_, size_mb)| *size_mb).collect::<Vec<_>>())
    };
    let body = if variants.is_empty() {
        let how = "None yet. The dashboard's Quantization and Pruning sections make them, and so do `whittle quantize MODEL --type q4_0` and `whittle prune MODEL --ratio 0.3`.";
        view! { <p class="inset">{marked(how)}</p> }.into_any()
    } else {
        let group = |(base, variants): (VariantBase, Vec<(Model, VariantRecord)>)| {
            let is_there = bases.contains(&base.sha256);
            view! { <OfBase base is_there variants deletions=by_id folder=folder.clone() on_delete/> }
        };
        each(by_base(variants), group).into_any()
    };
    view! {
        <section class="card" aria-labelledby="variants-title">
            <div class="bar">
                <h2 id="variants-title">"Variants"</h2>
                <p>{summary}</p>
            </div>
            {body}
        </section>
    }
}

/// What of these sizes, MB, is there.
fn in_words(sizes_mb: &[f64]) -> String {
    if sizes_mb.is_empty() {
        return "Smaller files made of the models above".to_owned();
    }
    let n = words::plural(sizes_mb.len() as u64, "variant", "variants");
    let size = units::number(sizes_mb.iter().sum());
    format!("{n}, {size} MB; each made once and used again")
}

/// The variants of each base, the largest first.
fn by_base(variants: Vec<Model>) -> Vec<(VariantBase, Vec<(Model, VariantRecord)>)> {
    let mut groups: BTreeMap<(String, String), Vec<(Model, VariantRecord)>> = BTreeMap::new();
    for mut model in variants {
        let Some(record) = model.variant.take() else {
            continue;
        };
        let key = (record.base.name.clone(), record.base.sha256.clone());
        groups.entry(key).or_default().push((model, *record));
    }
    let ordered = groups.into_values().filter_map(|variants| {
        let variants = in_order(variants, |(model, _)| Reverse(model.size_bytes));
        let base = variants.first()?.1.base.clone();
        Some((base, variants))
    });
    ordered.collect()
}

#[component]
fn OfBase(
    base: VariantBase,
    is_there: bool,
    variants: Vec<(Model, VariantRecord)>,
    deletions: StoredValue<Vec<(VariantDeletion, f64)>>,
    folder: String,
    on_delete: Callback<VariantDeletion>,
) -> impl IntoView {
    let title = format!("{} ({})", base.name, base.kind);
    let caption = format!("Variants of {title}");
    let gone = (!is_there).then(|| {
        let words = format!(
            "{} is no longer in the library: put it back to compare with it.",
            base.file_name
        );
        view! { <p class="note inset">{words}</p> }
    });
    let row = |(model, record): (Model, VariantRecord)| {
        let deletion = deletions.with_value(|all| {
            let of_model = |(one, _): &&(VariantDeletion, f64)| one.id.get_value() == model.id;
            all.iter().find(of_model).map(|(one, _)| *one)
        });
        let deletion =
            deletion.unwrap_or_else(|| VariantDeletion::new(model.id.clone(), record.label()));
        view! { <VariantRow model record deletion folder=folder.clone() on_delete/> }
    };
    view! {
        <h3 class="group">{title}</h3>
        {gone}
        <div class="scroll">
            <table class="history variants">
                <caption class="hidden">{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Recipe"</th>
                        <th scope="col" class="number">"Size, MB"</th>
                        <th scope="col" class="number">"Bits per weight"</th>
                        <th scope="col">"Made"</th>
                        <th scope="col">
                            <span class="hidden">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                {each(variants, row)}
            </table>
        </div>
    }
}

#[component]
fn VariantRow(
    model: Model,
    record: VariantRecord,
    deletion: VariantDeletion,
    folder: String,
    on_delete: Callback<VariantDeletion>,
) -> impl IntoView {
    let label = record.label();
    let path = format!("{folder}/{}", model.file_name);
    let bits = model.bits_per_weight();
    let bits = bits.map_or_else(|| "—".to_owned(), units::number);
    let note = |words: String| view! { <p class="note">{words}</p> };
    let notes = each(record.notes(), note);
    let made = view! {
        <time datetime=record.made_at.clone()>{words::date(&record.made_at)}</time>
    };
    let matrix = record.imatrix.as_ref().map(|imatrix| {
        let chunks = words::plural(imatrix.n_chunks.into(), "chunk", "chunks");
        let words = format!(
            "errors weighed by an importance matrix of {chunks} of {} tokens",
            imatrix.n_ctx
        );
        view! { <small class="line">{words}</small> }
    });
    let removed = record.pruning.as_ref().map(|report| {
        view! { <small class="line">{report.in_words()}</small> }
    });
    let pruned = record.pruning.map(|report| {
        view! {
            <details>
                <summary>"What was pruned"</summary>
                <PruningView label=label.clone() report/>
            </details>
        }
    });
    let is_there = move || !deletion.is_deleted.get();
    view! {
        <tbody id=format!("model-{}", model.id)>
            <tr hidden=move || !is_there()>
                <th scope="row">
                    {label.clone()} {removed} {matrix}
                    <small class="line">{model.id.0.clone()}</small>
                </th>
                <td class="number" data-label="Size, MB">{units::number(model.size_mb())}</td>
                <td class="number" data-label="Bits per weight">{bits}</td>
                <td data-label="Made">
                    {made} <small class="line">{record.engine_version.clone()}</small>
                </td>
                <td class="row-actions">
                    <DeleteVariant deletion on_delete/>
                </td>
            </tr>
            <tr class="row-note" hidden=move || !is_there()>
                <td colspan="5">
                    {notes}
                    {pruned}
                    <details>
                        <summary>"What its tensors are"</summary>
                        <TensorTypes label=label.clone() types=record.tensor_types/>
                    </details>
                    <details>
                        <summary>"Use it elsewhere"</summary>
                        <Elsewhere label id=model.id.clone() path/>
                    </details>
                </td>
            </tr>
            <VariantDeleted deletion/>
        </tbody>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_counts_what_is_there() {
        assert_eq!(
            in_words(&[91.7, 8.3]),
            "2 variants, 100.0 MB; each made once and used again"
        );
        assert_eq!(in_words(&[]), "Smaller files made of the models above");
    }
}
