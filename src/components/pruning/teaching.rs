//! What the section is for, while it has nothing to show.

use leptos::prelude::*;

use crate::domain::pruning::PruningCheck;

/// What pruning does, and what a run does.
#[component]
pub fn Teaching() -> impl IntoView {
    view! {
        <div class="empty" id="pruning-teaching">
            <p>
                "A pruned model has fewer weights: what matters least is cut out whole, so that every \
                 program loads the file and computes less. Choose a ratio and run. Whittle then"
            </p>
            <ol>
                <li>"reads a calibration text with the model, to see which parts matter,"</li>
                <li>"cuts the others out, and refits what stays to take over their part where it can,"</li>
                <li>
                    {format!(
                        "checks the file on another text: a model that no longer works is deleted, one \
                         that answers nothing, or whose perplexity is {} times the baseline's or more, is \
                         said to be broken,",
                        PruningCheck::BROKEN_FROM,
                    )}
                </li>
                <li>"measures it and the baseline in turns, as everywhere here."</li>
            </ol>
            <p class="note">
                "Small models have little to spare: from 20 % on, answers suffer. Measure quality, and \
                 read the answers side by side."
            </p>
        </div>
    }
}
