//! What the run will do and how long that takes, before it starts.

use leptos::prelude::*;

use super::forecast::{Forecasts, disk_words};
use crate::components::form::RunForm;
use crate::components::section::Section;
use crate::components::words;
use crate::domain::estimate::{SpeedBasis, Workload};
use crate::domain::model::ModelId;
use crate::domain::pruning::KnownOrder;
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
            Ok(spec) => {
                let orders = forecasts
                    .known
                    .with(|known| Some(known.as_ref()?.orders(&spec.recipes)));
                in_words(spec, orders.unwrap_or_default(), basis)
            }
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

fn in_words(spec: &RunSpec, orders: Vec<Option<KnownOrder>>, basis: Option<SpeedBasis>) -> String {
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
        let seconds = basis.run_seconds(&Workload::from(spec).knowing(orders));
        format!("At most about {}: ", units::duration(seconds))
    });
    format!(
        "{}the baseline and {variants} in turns, {plan}{quality}.",
        time.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::recipe::Recipe;
    use crate::domain::run::RunRequest;

    #[test]
    fn a_known_order_shortens_what_is_said() {
        let recipe = r#"{"prune": {"ratio": 0.3, "method": "depth"}}"#;
        let recipe: Recipe = serde_json::from_str(recipe).expect("a recipe");
        let spec = RunSpec::try_from(RunRequest {
            recipes: Some(vec![recipe]),
            ..RunRequest::default()
        });
        let spec = spec.expect("a run");
        let basis = SpeedBasis::guess(1_000_000_000);
        let said = |orders| in_words(&spec, orders, Some(basis));
        let order = |n_known| {
            vec![Some(KnownOrder {
                n_known,
                n_wanted: 9,
            })]
        };
        let at_most = |seconds| format!("At most about {}: ", units::duration(seconds));
        let whole = basis.spec_seconds(&spec);
        assert!(
            said(Vec::new()).starts_with(&at_most(whole)),
            "nobody has looked"
        );
        assert!(said(order(0)).starts_with(&at_most(whole)));
        // 44 tries read half of 8 chunks of 512 tokens.
        let searching = 44.0 * 4.0 * 512.0 / basis.prompt_tokens_per_second;
        let known = said(order(9));
        assert!(known.starts_with(&at_most(whole - searching)), "{known}");
    }
}
