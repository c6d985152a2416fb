//! How much is removed, of what, and what is done with what is left.

use leptos::prelude::*;

use super::forecast::Forecast;
use super::ratio_field::RatioField;
use super::select_field::SelectField;
use super::state::PruningForm;
use crate::components::checkbox::Checkbox;
use crate::components::choice::Forecasts;
use crate::components::each::each;
use crate::components::quantization::options;
use crate::components::when::When;
use crate::domain::loss_budget::LossBudget;
use crate::domain::pruning::PruningMethod;
use crate::domain::recipe::Recipe;
use crate::domain::units;

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
    /// Whether the model has lost something in quantizing already.
    is_quantized: Memo<bool>,
    /// The chosen variant of it.
    recipe: Memo<Recipe>,
    /// What would become of the model.
    forecasts: Forecasts,
) -> impl IntoView {
    view! {
        <fieldset class="prompts">
            <legend>"What is removed"</legend>
            <RatioField form/>
            <MethodField form/>
            <When when=move || form.method.get() == PruningMethod::Depth>
                <BudgetField form/>
            </When>
            <Checkbox
                is_on=form.quick
                on_change=Callback::new(move |is_on| form.quick.set(is_on))
                words="Quick: read less of the calibration text, try fewer blocks, and lose a little more"
            />
            <When when=is_quantized>
                <Checkbox
                    is_on=form.upcast
                    on_change=Callback::new(move |is_on| form.upcast.set(is_on))
                    words="Upcast to F16 first: neurons go one by one and what stays is refitted, but the \
                           file is of F16 weights unless it is then quantized, and what was lost stays lost"
                />
            </When>
            <ThenField form/>
            <Forecast recipe forecasts/>
        </fieldset>
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
            {each(PruningMethod::ALL, option)}
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
            {each(BUDGETS.into_iter().chain(other), option)}
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
            "The usual choice: the neurons that matter least go, from 45 % on with attention heads, and \
             the others are refitted to take over their part."
        }
        PruningMethod::Depth => {
            "Block after block goes, each time the one whose loss costs least, and what stays is refitted \
             to stand for it. Where no number of whole blocks is within a point of the ratio, the rest \
             goes as neurons of the others, as predicted below. Fastest to run; takes long to make."
        }
        PruningMethod::Auto => {
            "Spends the ratio on neurons and blocks, where the measured loss for each weight that goes is \
             least: never more than by width or by depth on the text that decides. Takes longest to make."
        }
    }
}
