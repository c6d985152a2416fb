//! How long the run will take, before it starts.

use leptos::prelude::*;

use super::faulty::PROBLEM_ID;
use super::state::RunForm;
use crate::components::words;
use crate::domain::dashboard::Dashboard;
use crate::domain::estimate::{SpeedBasis, SpeedSource};
use crate::domain::model::ModelId;
use crate::domain::run::GenerationMode;
use crate::domain::units;

/// The time that the present input asks for, or what is wrong with the input.
#[component]
pub fn EstimateLine(
    /// The form.
    form: RunForm,
    /// What is known of each model's speed.
    speeds: Vec<(ModelId, SpeedBasis)>,
) -> impl IntoView {
    let speeds = StoredValue::new(speeds);
    let problem = form.problem();
    let is_wrong = move || problem.with(Option::is_some);
    let line = Memo::new(move |_| {
        let spec = match form.spec() {
            Ok(spec) => spec,
            Err(problem) => return words::sentence(&problem.in_the_form()),
        };
        let model = form.model.get();
        let basis = speeds.with_value(|speeds| {
            let of_model = |(id, _): &&(ModelId, SpeedBasis)| Some(id) == model.as_ref();
            speeds.iter().find(of_model).map(|(_, basis)| *basis)
        });
        let Some(basis) = basis else {
            return "How long it takes shows once it runs.".to_owned();
        };
        let plan = words::plan(spec.prompts.len() as u64, &spec.settings);
        let time = units::duration(basis.spec_seconds(&spec));
        let source = source(basis.source);
        // Answers may end before; none is longer.
        let about = match spec.settings.mode {
            GenerationMode::FixedLength => "About",
            GenerationMode::NaturalStop => "At most about",
        };
        format!("{about} {time} for {plan} ({source}).")
    });
    view! {
        <p class="estimate" class:over=is_wrong id=PROBLEM_ID>
            {line}
        </p>
    }
}

fn source(source: SpeedSource) -> &'static str {
    match source {
        SpeedSource::FileSize => "a guess from the file's size; the run itself will tell",
        SpeedSource::Run => {
            "from the last run of this model, too short to tell whether other programs disturbed it"
        }
        SpeedSource::UndisturbedRun => "from the last undisturbed run of this model",
    }
}

/// The speeds of a dashboard, a guess for every model that has none.
pub fn speeds_of(dashboard: &Dashboard) -> Vec<(ModelId, SpeedBasis)> {
    let known = |id: &ModelId| dashboard.speeds.iter().find(|(known, _)| known == id);
    let speed = |model: &crate::domain::model::Model| match known(&model.id) {
        Some((_, basis)) => (model.id.clone(), *basis),
        None => (model.id.clone(), SpeedBasis::guess(model.size_bytes)),
    };
    dashboard.library.models.iter().map(speed).collect()
}
