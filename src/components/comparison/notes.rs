//! How the figures were found, and what would tell more.

use leptos::prelude::*;

use super::again::{Again, AgainButton, more_iterations, with_iterations, with_quality};
use super::noise::NoiseNote;
use crate::components::section::Section;
use crate::components::words;
use crate::domain::compare::{Comparison, Verdict};
use crate::domain::quality::CHUNKS;
use crate::domain::run::Run;

/// Below the tables: what is undecided, what was not measured, and how a change
/// is computed.
#[component]
pub(super) fn Notes(comparison: Comparison, run: Run, again: Option<Again>) -> impl IntoView {
    let spec = run.spec.clone();
    let makes_variants = Section::of(run.technique).makes_variants();
    let noise = view! { <NoiseNote comparison=comparison.clone() run again/> };
    let again = again.filter(|_| makes_variants);
    let n_undecided = n_undecided(&comparison);
    let more = more_iterations(spec.settings.iterations);
    let undecided = (n_undecided > 0).then(|| {
        let figures = words::plural(n_undecided, "figure is", "figures are");
        let button = again.zip(more).map(|(again, more)| {
            let words = format!("Run again with {more} iterations");
            let request = with_iterations(&spec, more);
            view! { <AgainButton words request on_press=again.on_press is_busy=again.is_busy/> }
        });
        view! {
            <p class="next">
                <span>{format!("{figures} undecided: more iterations would tell.")}</span>
                {button}
            </p>
        }
    });
    let is_without_quality = spec.quality.is_none();
    let quality = is_without_quality.then_some(again).flatten().map(|again| {
        let words = format!("Measure quality: {CHUNKS} chunks");
        let request = with_quality(&spec);
        view! {
            <p class="next">
                <span>"What it costs in quality was not measured."</span>
                <AgainButton words request on_press=again.on_press is_busy=again.is_busy/>
            </p>
        }
    });
    let blocks = comparison.blocks.clone();
    view! {
        {undecided}
        {noise}
        {quality}
        {blocks.map(|words| view! { <p class="note inset">{words::sentence(&words)}</p> })}
        <details class="fold how">
            <summary>"How a change is computed"</summary>
            <p>
                "Each iteration launches the baseline and its variants anew, and they take turns \
                 at every prompt, some tokens each. Response time and throughput are compared turn by turn, \
                 and of the ratios of a prompt's turns the middle half counts: what else the machine \
                 does falls on few of them. A change is the geometric mean over prompts and launches, with \
                 its 95 % interval over launches (Student's t): it need not equal the ratio of the two \
                 means beside it. Positive means better."
            </p>
            <p>
                "Better or worse: the whole interval lies outside of the noise band, which is what the \
                 model shows against itself. No measurable difference: it lies inside. Undecided: it \
                 lies across an edge. "
                {band_words(&comparison)}
            </p>
            <p>
                "A typical claim is what guides to quantization or pruning promise, whatever the model \
                 and the machine; it is shown beside what was measured here. Guides to pruning make \
                 theirs for 30 %."
            </p>
        </details>
    }
}

fn n_undecided(comparison: &Comparison) -> u64 {
    let improvements = comparison.variants.iter().flat_map(|one| &one.improvements);
    let undecided = improvements.filter(|one| one.verdict == Some(Verdict::Undecided));
    undecided.count() as u64
}

/// Whether the noise was measured or assumed.
fn band_words(comparison: &Comparison) -> String {
    match (comparison.noise_launches(), comparison.assumes_noise()) {
        (None, false) => String::new(),
        (Some(n), false) => format!(
            "The band was measured: {} of this model against itself.",
            words::plural(n.into(), "launch", "launches")
        ),
        (None, true) => {
            "The band is assumed, 5 % for times and 1 % for memory: this model has not been \
             measured against itself on this machine yet. Whittle does that while the machine is \
             idle, unless the settings say no."
                .to_owned()
        }
        (Some(n), true) => format!(
            "The band was measured, {} of this model against itself, and is assumed where that gave \
             nothing.",
            words::plural(n.into(), "launch", "launches")
        ),
    }
}
