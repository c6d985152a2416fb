//! A change in words: an arrow for the direction, a colour and a word for
//! whether that is good.

use crate::components::words;
use crate::domain::compare::{Change, Improvement, Judgement, Quantity, Verdict};
use crate::domain::metrics::Reading;
use crate::domain::quality::Quality;
use crate::domain::units;

/// A change as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    /// `better`, `worse`, `same`, `undecided` or `unjudged`: the class, which has
    /// the colour.
    pub(super) class: &'static str,
    /// Which way the figure went.
    pub(super) arrow: &'static str,
    /// The change, and whether it is good.
    pub(super) words: String,
    /// The same where there is little room.
    pub(super) short: String,
    /// Interval and sample.
    pub(super) detail: Option<String>,
}

impl Said {
    /// No change is known, for this reason.
    pub(super) fn missing(reason: &str) -> Self {
        Self {
            class: "same",
            arrow: "",
            words: "—".to_owned(),
            short: "—".to_owned(),
            detail: Some(reason.to_owned()),
        }
    }

    /// The change means nothing, for this reason.
    fn not_judged(reason: &str) -> Self {
        Self {
            class: "unjudged",
            words: "not judged".to_owned(),
            short: "not judged".to_owned(),
            ..Self::missing(reason)
        }
    }
}

/// A measured improvement.
pub(super) fn of(improvement: &Improvement) -> Said {
    let change = match &improvement.change {
        Reading::Measured(change) => change,
        Reading::NotMeasured(reason) => return Said::missing(reason),
    };
    if let Some(reason) = &improvement.not_judged {
        return Said::not_judged(reason);
    }
    let detail = detail(improvement, change);
    Said {
        detail,
        ..judged(
            change.ratio,
            change.improvement_percent,
            improvement.verdict,
            "iterations",
        )
    }
}

/// A change of decode speed, a ratio, and what that is worth.
pub(super) fn of_speed(ratio: f64, judgement: &Judgement) -> Said {
    match &judgement.reason {
        Some(reason) => Said::not_judged(reason),
        None => judged(
            ratio,
            Quantity::TokensPerSecond.improvement_percent(ratio),
            judgement.verdict,
            "iterations",
        ),
    }
}

/// A change of perplexity, by its paired logarithm. Both models computed the
/// same tokens: there is no noise but that of the text.
pub(super) fn of_perplexity(quality: &Quality) -> Said {
    let ln_ratio = &quality.ln_perplexity_ratio;
    let n_chunks = quality.perplexity.n_chunks;
    let detail = match (ln_ratio.low, ln_ratio.high) {
        (Some(low), Some(high)) => format!(
            "{}, over {} of text",
            range(percent_of(high), percent_of(low)),
            words::plural(n_chunks.into(), "chunk", "chunks")
        ),
        _ => "no interval: it takes two chunks".to_owned(),
    };
    Said {
        detail: Some(detail),
        ..judged(
            ln_ratio.value.exp(),
            percent_of(ln_ratio.value),
            Some(quality.perplexity_verdict()),
            "text",
        )
    }
}

/// The improvement of a perplexity, where lower is better.
pub(super) fn percent_of(ln_ratio: f64) -> f64 {
    (1.0 - ln_ratio.exp()) * 100.0
}

/// `more` is what tells where nothing is decided.
fn judged(ratio: f64, improvement_percent: f64, verdict: Option<Verdict>, more: &str) -> Said {
    let arrow = match ratio {
        ratio if ratio < 1.0 => "↓",
        ratio if ratio > 1.0 => "↑",
        _ => "=",
    };
    let short = format!("{} %", percent(improvement_percent));
    let (class, arrow, words) = match verdict {
        Some(Verdict::Better) => ("better", arrow, format!("{short} better")),
        Some(Verdict::Worse) => ("worse", arrow, format!("{short} worse")),
        Some(Verdict::NoMeasurableDifference) => {
            ("same", "=", "no measurable difference".to_owned())
        }
        Some(Verdict::Undecided) => ("undecided", "?", format!("undecided: needs more {more}")),
        None => (
            "same",
            arrow,
            format!("{}, not judged", side(improvement_percent)),
        ),
    };
    let short = match verdict {
        Some(Verdict::NoMeasurableDifference) => "no difference".to_owned(),
        Some(Verdict::Undecided) => "undecided".to_owned(),
        _ => short,
    };
    Said {
        class,
        arrow,
        words,
        short,
        detail: None,
    }
}

fn detail(improvement: &Improvement, change: &Change) -> Option<String> {
    let launches = words::plural(change.n_launches.into(), "launch", "launches");
    Some(match (change.low_percent, change.high_percent) {
        (Some(low), Some(high)) => format!("{}, {launches} each", range(low, high)),
        _ if improvement.quantity == Quantity::ModelSize => "exact".to_owned(),
        _ => format!(
            "no interval: it takes two launches, has {}",
            change.n_launches
        ),
    })
}

/// From where to where, in words: the worse end first.
pub(super) fn range(low: f64, high: f64) -> String {
    match (low < 0.0, high < 0.0) {
        (false, _) => format!("{} to {} % better", percent(low), percent(high)),
        (true, true) => format!("{} to {} % worse", percent(high), percent(low)),
        (true, false) => format!("{} to {}", side(low), side(high)),
    }
}

fn side(improvement_percent: f64) -> String {
    let word = if improvement_percent < 0.0 {
        "worse"
    } else {
        "better"
    };
    format!("{} % {word}", percent(improvement_percent))
}

/// Without its sign, which a word tells.
pub(super) fn percent(value: f64) -> String {
    match value.abs() {
        value if value >= 1000.0 => units::number(value),
        value if value > 0.0 && value < 0.1 => format!("{value:.2}"),
        value => format!("{value:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn improvement(quantity: Quantity, ratio: f64, verdict: Verdict) -> Improvement {
        let improvement_percent = quantity.improvement_percent(ratio);
        Improvement {
            quantity,
            baseline: Some(1.0),
            variant: Some(ratio),
            change: Reading::Measured(Change {
                ratio,
                improvement_percent,
                low_percent: Some(improvement_percent - 1.0),
                high_percent: Some(improvement_percent + 1.0),
                n_launches: 3,
            }),
            band: None,
            verdict: Some(verdict),
            not_judged: None,
        }
    }

    #[test]
    fn times_for_different_work_are_neither_better_nor_worse() {
        let mut time = improvement(Quantity::ResponseTime, 0.5, Verdict::Better);
        time.verdict = None;
        time.not_judged = Some("it produced fewer tokens".to_owned());
        let said = of(&time);
        assert_eq!((said.class, said.arrow), ("unjudged", ""));
        assert!(!said.words.contains("better") && !said.short.contains("better"));
        assert_eq!(said.detail.as_deref(), Some("it produced fewer tokens"));
    }

    #[test]
    fn the_arrow_tells_the_direction_and_the_word_whether_it_is_good() {
        let said = |quantity, ratio, verdict| of(&improvement(quantity, ratio, verdict));
        let shorter = said(Quantity::ResponseTime, 0.5, Verdict::Better);
        assert_eq!((shorter.class, shorter.arrow), ("better", "↓"));
        assert_eq!(shorter.words, "50.0 % better");
        let detail = shorter.detail.expect("an interval");
        assert_eq!(detail, "49.0 to 51.0 % better, 3 launches each");
        let faster = said(Quantity::TokensPerSecond, 1.5, Verdict::Better);
        assert_eq!((faster.class, faster.arrow), ("better", "↑"));
        let slower = said(Quantity::TokensPerSecond, 0.9, Verdict::Worse);
        assert_eq!((slower.class, slower.arrow), ("worse", "↓"));
        assert_eq!(slower.words, "10.0 % worse");
        let equal = said(Quantity::CpuUsage, 1.001, Verdict::NoMeasurableDifference);
        assert_eq!((equal.class, equal.arrow), ("same", "="));
        let unclear = said(Quantity::CpuUsage, 1.02, Verdict::Undecided);
        assert_eq!(unclear.words, "undecided: needs more iterations");
    }

    #[test]
    fn a_speed_across_runs_says_what_it_is_worth() {
        let mut faster = improvement(Quantity::TokensPerSecond, 1.5, Verdict::Better);
        assert_eq!(
            of_speed(1.5, &Judgement::from(&faster)).words,
            "50.0 % better"
        );
        faster.verdict = Some(Verdict::Undecided);
        let said = of_speed(1.5, &Judgement::from(&faster));
        assert_eq!(
            (said.class, said.short.as_str()),
            ("undecided", "undecided")
        );
        faster.not_judged = Some("it produced fewer tokens".to_owned());
        let said = of_speed(1.5, &Judgement::from(&faster));
        assert_eq!(
            (said.class, said.short.as_str()),
            ("unjudged", "not judged")
        );
    }

    #[test]
    fn ranges_are_said_without_signs() {
        assert_eq!(range(1.0, 2.0), "1.0 to 2.0 % better");
        assert_eq!(range(-2.0, -1.0), "1.0 to 2.0 % worse");
        assert_eq!(range(-2.0, 1.0), "2.0 % worse to 1.0 % better");
    }

    #[test]
    fn a_perplexity_that_rises_is_worse() {
        let said = |low, high| of_perplexity(&Quality::sample(low, high, 40));
        let worse = said(0.09, 0.11);
        assert_eq!((worse.class, worse.arrow), ("worse", "↑"));
        assert_eq!(worse.words, "10.5 % worse");
        let detail = "9.4 to 11.6 % worse, over 40 chunks of text";
        assert_eq!(worse.detail.as_deref(), Some(detail));
        assert_eq!(said(-0.005, 0.005).class, "same");
        let unclear = said(-0.005, 0.3);
        assert_eq!(unclear.class, "undecided");
        assert_eq!(unclear.words, "undecided: needs more text");
    }
}
