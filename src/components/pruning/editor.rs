//! How much is removed, of what, and what is done with what is left.

use leptos::prelude::*;

use super::forecast::Forecast;
use super::select_field::SelectField;
use super::state::PruningForm;
use crate::components::checkbox::Checkbox;
use crate::components::choice::Forecasts;
use crate::components::quantization::options;
use crate::domain::loss_budget::LossBudget;
use crate::domain::pruning::{PruningMethod, PruningRatio};
use crate::domain::units;

const RATIO_ID: &str = "pruning-ratio";
const METHOD_ID: &str = "pruning-method";
const THEN_ID: &str = "pruning-then";
const BUDGET_ID: &str = "pruning-budget";

/// The budgets that are offered; programs may send any other.
const BUDGETS: [f64; 5] = [1.1, 1.25, 1.5, 2.0, 3.0];

/// The fields.
#[component]
pub fn PruningEditor(
    /// What is chosen.
    form: PruningForm,
    /// What would become of the model.
    forecasts: Forecasts,
) -> impl IntoView {
    view! {
        <fieldset class="prompts">
            <legend>"What is removed"</legend>
            <RatioField form/>
            <MethodField form/>
            <Show when=move || form.method.get() == PruningMethod::Depth>
                <BudgetField form/>
            </Show>
            <Checkbox
                is_on=form.quick
                on_change=Callback::new(move |is_on| form.quick.set(is_on))
                words="Quick: read less of the calibration text, and lose a little more"
            />
            <ThenField form/>
            <Forecast form forecasts/>
        </fieldset>
    }
}

/// The slider, with its figure.
#[component]
fn RatioField(form: PruningForm) -> impl IntoView {
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

#[component]
fn MethodField(form: PruningForm) -> impl IntoView {
    let choose = move |word: String| {
        if let Ok(method) = word.parse() {
            form.method.set(method);
        }
    };
    let first = form.method.get_untracked();
    let option = move |method: PruningMethod| {
        view! {
            <option
                value=method.word()
                selected=method == first
                prop:selected=move || form.method.get() == method
            >
                {name(method)}
            </option>
        }
    };
    view! {
        <SelectField
            id=METHOD_ID
            label="Method"
            on_choose=Callback::new(choose)
            help=Signal::derive(move || advice(form.method.get()))
        >
            {PruningMethod::ALL.map(option).collect_view()}
        </SelectField>
    }
}

#[component]
fn BudgetField(form: PruningForm) -> impl IntoView {
    let choose = move |ratio: String| {
        let ratio = ratio.parse::<f64>().ok();
        form.budget
            .set(ratio.and_then(|ratio| LossBudget::try_from(ratio).ok()));
    };
    // Written anew where another budget is filled in.
    let choices = move || {
        let chosen = form.budget.get().map(LossBudget::ratio);
        let other = chosen.filter(|chosen| !BUDGETS.contains(chosen));
        let option = |ratio: f64| {
            let words = format!("{} times the perplexity", units::number(ratio));
            view! {
                <option value=ratio.to_string() selected=chosen == Some(ratio)>
                    {words}
                </option>
            }
        };
        view! {
            <option value="" selected=chosen.is_none()>
                "the ratio is reached"
            </option>
            {BUDGETS.into_iter().chain(other).map(option).collect_view()}
        }
    };
    view! {
        <SelectField
            id=BUDGET_ID
            label="Remove blocks until"
            on_choose=Callback::new(choose)
            help="A block that would cost more, on the calibration text and before anything is repaired, \
                  stays; the ratio is then the most that goes."
        >
            {choices}
        </SelectField>
    }
}

#[component]
fn ThenField(form: PruningForm) -> impl IntoView {
    let choose = move |level: String| form.then.set(level.parse().ok());
    // Written anew where another type is filled in.
    let choices = move || {
        let chosen = form.then.get();
        view! {
            <option value="" selected=chosen.is_none()>
                "no: the weights that stay keep their types"
            </option>
            {options(chosen)}
        }
    };
    view! {
        <SelectField
            id=THEN_ID
            label="Then quantize"
            on_choose=Callback::new(choose)
            help="In this order: what is removed is chosen, and what stays repaired, by the exact weights."
        >
            {choices}
        </SelectField>
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

fn name(method: PruningMethod) -> &'static str {
    match method {
        PruningMethod::Width => "Width: neurons of every block",
        PruningMethod::Depth => "Depth: whole blocks",
        PruningMethod::Auto => "Auto: both",
    }
}

/// When to choose it, in a sentence.
fn advice(method: PruningMethod) -> &'static str {
    match method {
        PruningMethod::Width => {
            "The usual choice: the neurons that matter least go, and the others are refitted to take \
             over their part."
        }
        PruningMethod::Depth => {
            "Block after block goes, each time the one whose loss costs least, and what stays is refitted \
             to stand for it. Whole blocks only: what goes is the nearest to the ratio, as predicted \
             below. Fastest to run; takes long to make."
        }
        PruningMethod::Auto => {
            "Spends the ratio on neurons and blocks, where the loss per weight is least. Takes longest \
             to make."
        }
    }
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
