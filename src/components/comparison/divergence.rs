//! How far two models are apart at each token of an answer, as bars.

use leptos::prelude::*;

use crate::components::words::{self, kld};

const HEIGHT: f64 = 28.0;
/// Of a token on the page, px, where there is room.
const WIDTH: usize = 10;
/// Of a bar, in units of the drawing; a gap is beside it.
const BAR: f64 = 0.8;

/// The bars, and the same in words. The last is that of the token at which the
/// answers part, where they do.
#[component]
pub(super) fn Divergence(values: Vec<f64>, n_common: usize) -> impl IntoView {
    let Some(words) = in_words(&values, n_common) else {
        return ().into_any();
    };
    let greatest = values.iter().copied().fold(0.0, f64::max);
    let (common, parting) = values.split_at(n_common.min(values.len()));
    let (common, parting) = (
        bars(common, 0, greatest),
        bars(parting, common.len(), greatest),
    );
    let width = format!("width:{}px", values.len() * WIDTH);
    let view_box = format!("0 0 {} {HEIGHT}", values.len());
    view! {
        <div class="divergence">
            <svg viewBox=view_box preserveAspectRatio="none" aria-hidden="true" style=width>
                <path class="common" d=common></path>
                <path class="parting" d=parting></path>
            </svg>
            <p class="note">{words}</p>
        </div>
    }
    .into_any()
}

fn in_words(values: &[f64], n_common: usize) -> Option<String> {
    let greatest = values.iter().copied().fold(0.0, f64::max);
    let place = values.iter().position(|value| *value == greatest)? + 1;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let tokens = words::plural(values.len() as u64, "token", "tokens");
    let parting = values.get(n_common).map_or_else(String::new, |value| {
        format!("; where they part {}", kld(*value))
    });
    Some(format!(
        "Divergence over {tokens}: mean {} nats, largest {} at token {place}{parting}.",
        kld(mean),
        kld(greatest)
    ))
}

/// One path for all bars: an element for each would be many.
fn bars(values: &[f64], first: usize, greatest: f64) -> String {
    let bar = |(index, value): (usize, &f64)| {
        // The least is still seen.
        let height = (value / greatest.max(f64::MIN_POSITIVE) * HEIGHT).max(1.0);
        format!("M{},{HEIGHT}v-{height:.1}h{BAR}V{HEIGHT}z", first + index)
    };
    values.iter().enumerate().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share_of_the_greatest() {
        assert_eq!(
            bars(&[1.0, 0.5], 2, 1.0),
            "M2,28v-28.0h0.8V28zM3,28v-14.0h0.8V28z"
        );
        assert_eq!(bars(&[0.0], 0, 0.0), "M0,28v-1.0h0.8V28z");
    }

    #[test]
    fn the_words_name_the_largest_and_the_last() {
        let said = in_words(&[0.1, 0.5, 0.3], 2).expect("words");
        assert_eq!(
            said,
            "Divergence over 3 tokens: mean 0.300 nats, largest 0.500 at token 2; where they part 0.300."
        );
        assert_eq!(in_words(&[], 0), None);
    }
}
