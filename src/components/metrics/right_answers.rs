//! The share of right answers, where answers were expected.

use leptos::prelude::*;

use super::card::MetricHead;
use super::definitions;
use crate::components::words;
use crate::domain::benchmark::RightAnswers;
use crate::domain::run::GenerationMode;

/// Right of judged, the share's interval, and what speaks against it.
#[component]
pub(super) fn RightAnswersCard(right: RightAnswers, mode: GenerationMode) -> impl IntoView {
    let judged = words::plural(right.n_judged.into(), "answer", "answers");
    let certainty = format!("{} · {judged} judged", right.in_words());
    let caution = (mode == GenerationMode::FixedLength).then_some(RightAnswers::FIXED_LENGTH);
    view! {
        <div class="metric" id="metric-right-answers" data-value=right.share.to_string()>
            <MetricHead title="Right answers" definition=definitions::RIGHT_ANSWERS/>
            <p class="figure">
                <strong>{right.n_right}</strong>
                " "
                <span class="unit">{format!("of {}", right.n_judged)}</span>
            </p>
            <p class="note">{certainty}</p>
            {caution.map(|caution| view! { <p class="note">{caution}</p> })}
        </div>
    }
}
