//! What the run will do and how long that takes, before it starts.

use leptos::prelude::*;

use super::forecast::{Forecasts, disk_words};
use crate::components::form::RunForm;
use crate::components::section::Section;
use crate::components::words;
use crate::domain::estimate::SpeedBasis;
use crate::domain::model::ModelId;
use crate::domain::run::{RunProblem, RunSpec};
use crate::domain::units;

/// The plan in a sentence, or what is wrong with the choice.
#[component]
pub fn ComparisonPlan(
    /// Where it stands.
    section: Section,
    /// What is chosen, or what is wrong with it.
    spec: Memo<Result<RunSpec, RunProblem>>,
    /// The settings of every run.
    form: RunForm,
    /// What is known of each model's speed.
    speeds: StoredValue<Vec<(ModelId, SpeedBasis)>>,
    /// What would become of the model.
    forecasts: Forecasts,
) -> impl IntoView {
    let is_wrong = move || spec.with(Result::is_err);
    let line = move || {
        let model = form.model.get();
        let basis = speeds.with_value(|speeds| {
            let of_model = |(id, _): &&(ModelId, SpeedBasis)| Some(id) == model.as_ref();
            speeds.iter().find(of_model).map(|(_, basis)| *basis)
        });
        spec.with(|spec| match spec {
            Ok(spec) => in_words(spec, basis),
            Err(wrong) => words::sentence(&wrong.in_the_form()),
        })
    };
    let disk = Memo::new(move |_| forecasts.known.with(|known| disk_words(known.as_ref()?)));
    let is_full = move || disk.with(|disk| disk.as_ref().is_some_and(|(_, is_full)| *is_full));
    view! {
        <p class="estimate" class:over=is_wrong id=section.plan_id()>
            {line}
        </p>
        <p class="note" class:over=is_full>
            {move || disk.get().map(|(words, _)| words)}
        </p>
    }
}

fn in_words(spec: &RunSpec, basis: Option<SpeedBasis>) -> String {
    let variants = words::plural(spec.recipes.len() as u64, "variant", "variants");
    let plan = words::plan(spec.prompts.len() as u64, &spec.settings);
    let quality = match &spec.quality {
        Some(quality) => {
            let chunks = words::plural(quality.n_chunks.into(), "chunk", "chunks");
            format!(", then quality on {chunks}")
        }
        None => String::new(),
    };
    let time = basis.map(|basis| {
        let seconds = basis.spec_seconds(spec);
        format!("At most about {}: ", units::duration(seconds))
    });
    format!(
        "{}the baseline and {variants} in turns, {plan}{quality}.",
        time.unwrap_or_default()
    )
}
