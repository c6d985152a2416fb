//! Before anything is measured: the files of all arms.

use std::fs::File;
use std::time::{Duration, Instant};

use super::making::Making;
use super::plan::{Arm, MeasureError, Observation, Plan};
use super::progress::Place;
use super::variant::VariantError;
use super::watch::Watch;
use crate::domain::event::{MakingStep, RunEvent, StageName};
use crate::domain::recipe::Recipe;

/// How often it is told how far a variant is.
const INTERVAL: Duration = Duration::from_millis(500);

/// Makes the variants, or finds them; the baseline comes first.
pub(super) async fn prepare(
    plan: &Plan,
    model: &File,
    watch: &Watch<'_>,
) -> Result<Vec<Arm>, MeasureError> {
    let mut arms = vec![plain(plan, model, Recipe::default(), "baseline")?];
    for (position, recipe) in (1..).zip(&plan.spec.recipes) {
        arms.push(if recipe.is_baseline() {
            plain(plan, model, *recipe, "baseline again")?
        } else {
            make(plan, model, position, *recipe, watch).await?
        });
    }
    Ok(arms)
}

/// The model as it is.
fn plain(plan: &Plan, model: &File, recipe: Recipe, arm: &str) -> Result<Arm, MeasureError> {
    Ok(Arm {
        recipe,
        model: plan.model.clone(),
        file: model.try_clone().map_err(|error| not_open(arm, &error))?,
        path: plan.path.clone(),
    })
}

async fn make(
    plan: &Plan,
    model: &File,
    position: usize,
    recipe: Recipe,
    watch: &Watch<'_>,
) -> Result<Arm, MeasureError> {
    let stage = match recipe.prune {
        Some(_) => StageName::Pruning,
        None => StageName::Quantizing,
    };
    watch.enter(Place::beside(stage, Some(position))).await;
    let arm = recipe.label();
    let mut last: Option<(Instant, MakingStep)> = None;
    let on_progress = |making: Making| {
        let Some(live) = watch.shared().progress.learn_making(&making) else {
            return;
        };
        let is_due =
            last.is_none_or(|(told, step)| step != live.step || told.elapsed() >= INTERVAL);
        if is_due {
            last = Some((Instant::now(), live.step));
            let live = RunEvent::Making(live);
            // It may be lost, like a gauge.
            let _ = watch.observations.try_send(Observation::Event(live));
        }
    };
    let made = plan.workshop.make(&plan.model, model, &recipe, on_progress);
    let variant = made.await.map_err(|error| MeasureError::Variant {
        arm: arm.clone(),
        error,
    })?;
    let file = File::open(&variant.path).map_err(|error| not_open(&arm, &error))?;
    Ok(Arm {
        recipe,
        model: variant.model,
        file,
        path: variant.path,
    })
}

fn not_open(arm: &str, error: &std::io::Error) -> MeasureError {
    MeasureError::Variant {
        arm: arm.to_owned(),
        error: VariantError::Storage(format!("its file cannot be opened: {error}")),
    }
}
