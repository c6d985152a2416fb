//! Both models' answers to the same prompts, side by side.

use leptos::prelude::*;

use super::divergence::Divergence;
use super::parted::first_token;
use crate::components::each::each;
use crate::components::prompt_text::PromptText;
use crate::components::words;
use crate::domain::prompt::Prompt;
use crate::domain::quality::AnswerComparison;

/// A pair for each prompt.
#[component]
pub(in crate::components) fn AnswerPairs(
    answers: Vec<AnswerComparison>,
    prompts: Vec<Prompt>,
    baseline: String,
    variant: String,
) -> impl IntoView {
    let pair = move |answer: AnswerComparison| {
        let place = usize::try_from(answer.prompt).unwrap_or_default();
        let prompt = place
            .checked_sub(1)
            .and_then(|place| prompts.get(place))
            .cloned();
        let (baseline, variant) = (baseline.clone(), variant.clone());
        view! { <Pair answer prompt baseline variant/> }
    };
    view! { <ol class="answers">{each(answers, pair)}</ol> }
}

#[component]
fn Pair(
    answer: AnswerComparison,
    prompt: Option<Prompt>,
    baseline: String,
    variant: String,
) -> impl IntoView {
    let AnswerComparison {
        common,
        baseline_rest,
        variant_rest,
        baseline_token_bytes,
        variant_token_bytes,
        n_common_tokens,
        kld,
        ..
    } = answer;
    let are_equal = baseline_rest.is_empty() && variant_rest.is_empty();
    let n_common = words::plural(n_common_tokens.into(), "token", "tokens");
    let said = match (are_equal, n_common_tokens) {
        (true, _) => format!("Both answers are the same, {n_common}."),
        (false, 0) => "They part at the first token.".to_owned(),
        (false, _) => format!("They part after {n_common}, at the mark."),
    };
    let side = |label: String, rest: String, n_bytes: Option<u32>| {
        let (first, tail) = first_token(&rest, n_bytes);
        // One that has ended where the other goes on.
        let is_ended = rest.is_empty() && !are_equal;
        let mark = match first.is_empty() {
            false => view! { <mark>{first.to_owned()}</mark> }.into_any(),
            true if is_ended => view! { <mark>" (ends here)"</mark> }.into_any(),
            true => ().into_any(),
        };
        view! {
            <div>
                <h4>{label}</h4>
                <p class="answer-text" dir="auto">
                    {common.clone()}
                    {mark}
                    {tail.to_owned()}
                </p>
            </div>
        }
    };
    view! {
        <li>
            {prompt.map(|prompt| view! { <PromptText prompt/> })}
            <div class="pair">
                {side(baseline, baseline_rest, baseline_token_bytes)}
                {side(variant, variant_rest, variant_token_bytes)}
            </div>
            <p class="note">{said}</p>
            <Divergence values=kld n_common=n_common_tokens as usize/>
        </li>
    }
}
