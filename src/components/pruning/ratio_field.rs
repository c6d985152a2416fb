//! How much is removed: a slider that goes by steps.

use leptos::prelude::*;

use super::state::PruningForm;
use crate::domain::pruning::PruningRatio;

const RATIO_ID: &str = "pruning-ratio";

/// The slider, with its figure.
#[component]
pub(super) fn RatioField(form: PruningForm) -> impl IntoView {
    // While it is dragged the figure follows; only where it is let go counts.
    let shown = RwSignal::new(form.ratio.get_untracked().percent());
    Effect::new(move |_| shown.set(form.ratio.get().percent()));
    let percent = move || format!("{} %", shown.get());
    let read = move |event| {
        let percent = event_target_value(&event).parse::<f64>().ok()?;
        Some(to_a_step(percent, form.ratio.get_untracked().percent()))
    };
    // A thumb goes to a step of its slider: one that a program asked for in between
    // has none, until it is moved.
    let step = move || match is_a_step(form.ratio.get().percent()) {
        true => PruningRatio::STEP_PERCENT.to_string(),
        false => "any".to_owned(),
    };
    let choose = move |event| {
        let ratio = read(event).map(|percent| PruningRatio::try_from(percent / 100.0));
        if let Some(Ok(ratio)) = ratio {
            form.ratio.set(ratio);
        }
    };
    let follow = move |event| {
        if let Some(percent) = read(event) {
            shown.set(percent);
        }
    };
    let (least, most) = PruningRatio::RANGE.into_inner();
    view! {
        <div class="field">
            <label for=RATIO_ID>"Pruning ratio"</label>
            <div class="row slider">
                <input
                    id=RATIO_ID
                    type="range"
                    min=(least * 100.0).to_string()
                    max=(most * 100.0).to_string()
                    step=step
                    autocomplete="off"
                    aria-describedby="pruning-ratio-help"
                    aria-valuetext=percent
                    value=form.ratio.get_untracked().percent().to_string()
                    prop:value=move || form.ratio.get().percent().to_string()
                    on:input=follow
                    on:change=choose
                />
                <output for=RATIO_ID>{percent}</output>
            </div>
            <span class="note" id="pruning-ratio-help">
                "Share of the weights of the transformer blocks. Embeddings and output stay, so that \
                 the file shrinks by less."
            </span>
        </div>
    }
}

fn is_a_step(percent: f64) -> bool {
    percent % f64::from(PruningRatio::STEP_PERCENT) == 0.0
}

/// The step nearest to where the thumb was moved, away from where it stood, if it
/// stood between two.
fn to_a_step(percent: f64, stood: f64) -> f64 {
    if is_a_step(stood) {
        return percent;
    }
    let steps = percent / f64::from(PruningRatio::STEP_PERCENT);
    let step = steps.round() * f64::from(PruningRatio::STEP_PERCENT);
    if (percent < stood) == (step < stood) {
        return step;
    }
    let beyond = match percent < stood {
        true => steps.floor(),
        false => steps.ceil(),
    };
    beyond * f64::from(PruningRatio::STEP_PERCENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumb_between_steps_goes_on_to_one() {
        // An arrow key moves it by a hundredth of the range.
        for (percent, stood, step) in [
            (33.4, 33.0, 35.0),
            (32.6, 33.0, 30.0),
            (31.6, 32.0, 30.0),
            (32.4, 32.0, 35.0),
            (44.0, 33.0, 45.0),
            (50.0, 33.3, 50.0),
            (10.0, 33.3, 10.0),
            // The slider itself goes by steps.
            (35.0, 30.0, 35.0),
        ] {
            assert_eq!(to_a_step(percent, stood), step, "{percent} from {stood}");
        }
    }
}
