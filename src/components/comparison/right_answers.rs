//! Whether the variant still answers right what was expected.

use leptos::prelude::*;

use crate::domain::benchmark::{ArmResult, RightAnswers};
use crate::domain::mcnemar::McNemar;

/// Both shares with their intervals, and McNemar's test of their difference; in
/// words, none where nothing was expected. What an older version did not keep of
/// the test is found again.
pub(super) fn in_words(
    baseline: &ArmResult,
    variant: &ArmResult,
    found: Option<McNemar>,
) -> Option<String> {
    let share = |right: &RightAnswers| {
        let RightAnswers {
            n_right, n_judged, ..
        } = right;
        format!("{n_right} of {n_judged} ({})", right.in_words())
    };
    let before = baseline.right_answers.as_ref()?;
    let after = variant.right_answers.as_ref()?;
    let is_right = |arm: &ArmResult| {
        let answers = arm.answers.iter();
        answers.map(|answer| answer.is_right).collect::<Vec<_>>()
    };
    let pairs = is_right(baseline).into_iter().zip(is_right(variant));
    let differing = found.or_else(|| McNemar::of(pairs))?;
    Some(format!(
        "Baseline {}, variant {}. {}",
        share(before),
        share(after),
        test(differing)
    ))
}

fn test(differing: McNemar) -> String {
    let McNemar {
        n_lost,
        n_won,
        p_value: p,
    } = differing;
    if n_lost + n_won == 0 {
        return "No answer became right or wrong.".to_owned();
    }
    // That chance gives as much does not show that the two are equal.
    let finding = match (differing.is_real(), differing.could_tell()) {
        (true, _) => "a real difference",
        (false, true) => "undecided, chance would give as much",
        (false, false) => "undecided, too few differ to tell",
    };
    format!("Lost {n_lost}, won {n_won}: {finding} (McNemar's exact test, p = {p:.3}).")
}

/// The sentence under its heading.
#[component]
pub(super) fn RightAnswersNote(words: String) -> impl IntoView {
    view! {
        <h3>"Right answers"</h3>
        <p class="note" data-figure="right-answers">
            {words}
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_real_when_a_coin_would_hardly_give_it() {
        let said = |n_lost, n_won| test(McNemar::between(n_lost, n_won));
        assert_eq!(said(0, 0), "No answer became right or wrong.");
        assert!(said(6, 0).contains("a real difference (McNemar's exact test, p = 0.031)"));
        assert!(said(2, 1).contains(": undecided, too few differ to tell (McNemar's"));
        assert!(said(5, 3).contains(": undecided, chance would give as much (McNemar's"));
    }
}
