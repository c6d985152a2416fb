//! The levels to make: choose, add, remove.

use leptos::prelude::*;

use super::forecast::Forecast;
use super::level_field::LevelField;
use super::state::{QuantizationForm, USUAL};
use crate::components::choice::Forecasts;
use crate::components::each::each;
use crate::components::{host, words};
use crate::domain::defaults::RECIPES_LIMIT;
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::Quantize;
use crate::domain::units;

/// The groups in which types are offered.
const GROUPS: [&str; 5] = [
    "The three to begin with",
    "K-quants: more bits where they matter",
    "IQ: codebooks, for the smallest files",
    "Older formats",
    "No quantization",
];

/// The button that adds one.
const ADD_ID: &str = "add-level";

/// The button that removes a level.
fn remove_id(key: u32) -> String {
    format!("level-{key}-remove")
}

/// A row for each level.
#[component]
pub fn LevelEditor(
    /// What is chosen.
    form: QuantizationForm,
    /// What would become of the model.
    forecasts: Forecasts,
    /// The model's file, MB.
    #[prop(into)]
    base_mb: Signal<Option<f64>>,
) -> impl IntoView {
    let n_levels = Memo::new(move |_| form.levels.with(Vec::len));
    let count = move || {
        let n = words::plural(n_levels.get() as u64, "variant", "variants");
        format!("{n}, at most {RECIPES_LIMIT}: measured in one run")
    };
    view! {
        <fieldset class="prompts levels">
            <legend>"Levels"</legend>
            <ForEnumerate
                each=move || form.levels.get()
                key=|level| level.key
                children=move |index, level| {
                    view! { <LevelRow form index level n_levels forecasts base_mb/> }
                }
            />
            <p class="row">
                <button
                    type="button"
                    class="button"
                    id=ADD_ID
                    disabled=move || !form.has_room()
                    on:click=move |_| form.add_level()
                >
                    "Add a level"
                </button>
                <button
                    type="button"
                    class="button"
                    on:click=move |_| form.set_levels(&USUAL.map(Quantize::to))
                >
                    {USUAL.map(QuantizationType::name).join(", ")}
                </button>
                <span class="note">{count}</span>
            </p>
        </fieldset>
    }
}

#[component]
fn LevelRow(
    form: QuantizationForm,
    index: ReadSignal<usize>,
    level: LevelField,
    n_levels: Memo<usize>,
    forecasts: Forecasts,
    base_mb: Signal<Option<f64>>,
) -> impl IntoView {
    let id = format!("level-{}", level.key);
    let help_id = format!("level-{}-help", level.key);
    let choose = move |event| {
        if let Ok(chosen) = event_target_value(&event).parse() {
            level.choose(chosen);
        }
    };
    // The button goes away: its neighbour gets the focus, or who adds levels.
    let remove = move |_| match form.remove_level(level.key) {
        Some(neighbour) => host::focus(&remove_id(neighbour)),
        None => host::focus(ADD_ID),
    };
    let needs_imatrix = move || level.level.get().needs_imatrix();
    let bits = move || {
        let bits = level.level.get().nominal_bits_per_weight();
        format!("{} bits per weight", units::number(bits))
    };
    let first = level.level.get_untracked();
    let first_imatrix = level.imatrix.get_untracked() || first.needs_imatrix();
    let name = move || format!("Level {}", index.get() + 1);
    view! {
        <div class="level">
            <div class="row">
                <label class="hidden" for=id.clone()>
                    {name}
                </label>
                <select id=id autocomplete="off" aria-describedby=help_id.clone() on:change=choose>
                    {options(Some(first))}
                </select>
                <label class="choice">
                    <input
                        type="checkbox"
                        autocomplete="off"
                        disabled=move || !level.is_imatrix_free()
                        checked=first_imatrix
                        prop:checked=move || level.imatrix.get() || needs_imatrix()
                        on:change=move |event| level.imatrix.set(event_target_checked(&event))
                    />
                    <span title="An importance matrix, from the built-in calibration text: errors count where they matter">
                        "imatrix" {move || needs_imatrix().then_some(", needed")}
                    </span>
                    <span class="hidden">
                        {move || format!(": importance matrix for level {}", index.get() + 1)}
                    </span>
                </label>
                <button
                    type="button"
                    class="button quiet"
                    id=remove_id(level.key)
                    aria-label=move || format!("Remove level {}", index.get() + 1)
                    disabled=move || n_levels.get() < 2
                    on:click=remove
                >
                    "Remove"
                </button>
            </div>
            <p class="note" id=help_id>
                {move || level.level.get().advice()} " " {bits} ". "
                <Forecast level forecasts base_mb/>
            </p>
        </div>
    }
}

/// The types in their groups. Written once: a row is made anew where another
/// level is filled in.
pub(in crate::components) fn options(chosen: Option<QuantizationType>) -> impl IntoView {
    let option = move |level: QuantizationType| {
        view! {
            <option value=level.level() selected=Some(level) == chosen>
                {words_of(level)}
            </option>
        }
    };
    let group = move |(index, label): (usize, &'static str)| {
        let in_group = move |level: &QuantizationType| group_of(*level) == index;
        let levels = QuantizationType::ALL.into_iter().filter(in_group);
        view! { <optgroup label=label>{each(levels, option)}</optgroup> }
    };
    each(GROUPS.into_iter().enumerate(), group)
}

/// As the select names it: the first three in the words of the guide.
fn words_of(level: QuantizationType) -> String {
    let name = level.name();
    match level {
        QuantizationType::Q4_0 => format!("{name} — most aggressive, best compression"),
        QuantizationType::Q5_0 => format!("{name} — balanced"),
        QuantizationType::Q8_0 => format!("{name} — less aggressive, better quality"),
        _ => format!(
            "{name} — {} bits",
            units::number(level.nominal_bits_per_weight())
        ),
    }
}

fn group_of(level: QuantizationType) -> usize {
    match level {
        QuantizationType::Q4_0 | QuantizationType::Q5_0 | QuantizationType::Q8_0 => 0,
        QuantizationType::Q4_1 | QuantizationType::Q5_1 => 3,
        QuantizationType::F16 | QuantizationType::BF16 => 4,
        _ if level.name().starts_with("IQ") => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_grouped_in_the_order_in_which_they_are_offered() {
        let groups: Vec<usize> = QuantizationType::ALL.into_iter().map(group_of).collect();
        assert!(groups.is_sorted(), "{groups:?}");
        assert_eq!(groups.last(), Some(&(GROUPS.len() - 1)));
    }
}
