//! Before anything is measured: the files of all arms.

use std::fs::File;

use super::plan::{Arm, MeasureError, Plan};
use super::progress::Place;
use super::variant::{Making, VariantError};
use super::watch::Watch;
use crate::domain::event::StageName;
use crate::domain::recipe::Recipe;

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
    watch
        .enter(Place::beside(StageName::Quantizing, Some(position)))
        .await;
    let arm = recipe.label();
    let on_progress = |making: Making| watch.shared().progress.learn_making(&making);
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
