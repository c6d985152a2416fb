//! What pruning did: how much is gone, where, and what that cost.

use leptos::prelude::*;

use super::curve::SearchCurve;
use super::layers::LayerChart;
use crate::components::comparison::AnswerPairs;
use crate::components::table_head::table_head;
use crate::components::words;
use crate::domain::defaults::PROMPTS;
use crate::domain::prompt::Prompt;
use crate::domain::pruning::{PruningCheck, PruningCut, PruningReport};
use crate::domain::quality::AnswerComparison;
use crate::domain::units;

/// The report of one variant.
#[component]
pub(in crate::components) fn PruningView(
    /// The variant.
    label: String,
    /// What was done.
    report: PruningReport,
) -> impl IntoView {
    let PruningReport { cut, check } = report;
    let broken = check.broken_in_words().map(|why| {
        view! {
            <p class="unstable broken" role="note">
                <strong>{words::sentence(PruningCheck::BROKEN)}</strong>
                " "
                {why}
            </p>
            {check.answer.clone().map(|answer| view! { <Answers answer variant=label.clone()/> })}
        }
    });
    let curve = cut.curve.clone();
    let searched = (curve.len() > 1).then(|| view! { <SearchCurve curve/> });
    let known = cut.known_in_words().map(|known| {
        let known = words::sentence(&known);
        view! { <p class="note">{known}</p> }
    });
    let layers = cut.layers.clone();
    let where_it_went = words::sentence(&cut.layers_in_words());
    view! {
        <div class="pruned">
            {broken}
            <div class="two">
                <div>
                    <h3>{format!("What is gone: {label}")}</h3>
                    <BeforeAndAfter label cut check/>
                    <p class="note">{where_it_went}</p>
                </div>
                <div>
                    <LayerChart layers/>
                    {searched}
                    {known}
                </div>
            </div>
        </div>
    }
}

/// What a broken model says, beside what its base says.
#[component]
fn Answers(answer: AnswerComparison, variant: String) -> impl IntoView {
    let prompts = vec![Prompt::from(PROMPTS[0])];
    let baseline = "Before pruning".to_owned();
    view! {
        <div class="inset">
            <h3>{format!("What it answers: {variant}")}</h3>
            <AnswerPairs answers=vec![answer] prompts baseline variant/>
        </div>
    }
}

#[component]
fn BeforeAndAfter(label: String, cut: PruningCut, check: PruningCheck) -> impl IntoView {
    let row = |name: &'static str, before: String, after: String, change: String| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td data-label="Before">{before}</td>
                <td data-label="After">{after}</td>
                <td data-label="Change">{change}</td>
            </tr>
        }
    };
    let less = |before: u64, after: u64| units::less(1.0 - after as f64 / before.max(1) as f64);
    let size = |bytes: u64| units::number(bytes as f64 / 1e6);
    let chunks = words::plural(check.n_chunks.into(), "chunk", "chunks");
    let sample = words::sentence(&format!(
        "{}, in {}; the perplexity is on {chunks} of text that it was not made by",
        cut.chosen_in_words(),
        units::duration(cut.prune_s)
    ));
    view! {
        <div class="scroll">
            <table>
                <caption class="hidden">{format!("Before and after: {label}")}</caption>
                {table_head(&["Figure", "Before", "After", "Change"])}
                <tbody>
                    {row(
                        "Weights of the blocks",
                        units::parameters(cut.block_weights_before),
                        units::parameters(cut.block_weights_after),
                        units::less(cut.achieved_pruning_ratio),
                    )}
                    {row(
                        "Parameters of the file",
                        units::parameters(cut.params_before),
                        units::parameters(cut.params_after),
                        less(cut.params_before, cut.params_after),
                    )}
                    {row(
                        "File before quantizing, MB",
                        size(cut.bytes_before),
                        size(cut.bytes_after),
                        less(cut.bytes_before, cut.bytes_after),
                    )}
                    {row(
                        "Perplexity when checked",
                        units::number(check.base_perplexity),
                        units::number(check.perplexity),
                        format!("× {}", units::number(check.ratio())),
                    )}
                </tbody>
            </table>
        </div>
        <p class="note">{sample}</p>
    }
}
