//! A run from its plan to its figures: one arm or several, one way for both.

use std::fs::File;
use std::time::Duration;

use tokio::sync::mpsc;

use super::compare;
use super::gauges::Gauges;
use super::iteration::measure_iteration;
use super::launch::{Launched, Setting};
use super::loss;
use super::machine::MachineLoad;
use super::plan::{Arm, Conduct, MeasureError, Measured, Observation, Plan};
use super::prepare::prepare;
use super::progress::{Place, Progress};
use super::schedule::Schedule;
use super::summary::{self, Load};
use super::watch::Watch;
use crate::domain::benchmark::{ArmResult, said_of};
use crate::domain::event::{RunEvent, StageName};
use crate::domain::model::Model;
use crate::domain::preflight::{Caution, Room, hold_together, preflight};
use crate::domain::run::Technique;

/// Measures the plan's model, read from `model`, and the variants that it asks
/// for; `own_work`: how long ago Whittle last worked on this machine. Dropping the
/// future ends the workers at once.
///
/// # Errors
/// When a model does not fit, a variant cannot be made, or a worker fails; what
/// was observed until then has been sent.
pub async fn measure(
    plan: &Plan,
    model: &File,
    own_work: Option<Duration>,
    observations: &mpsc::Sender<Observation>,
) -> Result<Measured, MeasureError> {
    let mut before = plan.machine.load_after(own_work);
    // Before a variant is made for nothing.
    let room = plan.machine.room(before, &plan.data_folder);
    let mut cautions = fit(std::slice::from_ref(&plan.model), plan, &room)?;
    loss::check_text(plan, model).await?;
    // Now, not when it was queued: the run before may have searched.
    let orders = plan
        .workshop
        .known_orders(&plan.model, model, &plan.spec.recipes);
    let orders = orders.await;
    let progress = Progress::start(&plan.spec, plan.basis).knowing(orders);
    let watch = Watch::new(progress, plan.labels(), observations);
    let _gauges = (plan.conduct.watched).then(|| Gauges::start(&watch, plan.machine.logical_cores));
    let arms = prepare(plan, model, &watch).await?;
    let blocks = if arms.len() > 1 {
        before.available_memory_mb = plan.machine.load().available_memory_mb;
        let room = plan.machine.room(before, &plan.data_folder);
        let models: Vec<Model> = arms.iter().map(|arm| arm.model.clone()).collect();
        cautions = fit(&models, plan, &room)?;
        hold_together(&models, &plan.spec.settings, &room).err()
    } else {
        None
    };
    let launches = measure_all(plan, &arms, blocks.is_none(), before, &watch).await?;
    let load = Load {
        before,
        after: MachineLoad::read(),
    };
    let quality = loss::measure(plan, &arms, &watch).await;
    watch
        .enter(Place::beside(StageName::Summarizing, None))
        .await;
    let mut results = Vec::with_capacity(arms.len());
    for (arm, launches) in arms.iter().zip(&launches) {
        results.push(summary::summarize(plan, arm, launches, load).await);
    }
    let environment = summary::environment(plan, &arms[0], &launches[0], load);
    let mut warnings = summary::run_warnings(plan, &environment);
    warnings.extend(of_what_is_over(&cautions));
    warnings.extend(blocks.clone());
    if let Some(Ok(found)) = &quality {
        warnings.extend(found.warnings.iter().cloned());
    }
    let noise = match Technique::of(&plan.spec.recipes) {
        Technique::Noise if is_undisturbed(plan.conduct, &results) => {
            compare::noise(&launches[0], &launches[1])
        }
        Technique::Noise => {
            warnings.push(NOISE_NOT_KEPT.to_owned());
            None
        }
        _ => None,
    };
    let mut comparison = compare::compare(&arms, &results, &launches, blocks, quality).await;
    // What is of the whole run belongs to no arm, unless there is but one.
    match &mut comparison {
        Some(comparison) => comparison.warnings.clone_from(&warnings),
        None => results[0].warnings.append(&mut warnings),
    }
    warnings.extend(said_of(&results, |arm| &arm.warnings));
    for message in warnings {
        let warning = RunEvent::Warning { message };
        watch.say(Observation::Event(warning)).await;
    }
    Ok(Measured {
        environment,
        comparison,
        noise,
        arms: results,
    })
}

/// What a run against itself says when it teaches nothing.
const NOISE_NOT_KEPT: &str = "What the model showed against itself is not kept, because something \
                              disturbed it: verdicts rest on what they rested on before. Run it \
                              again on a quiet machine.";

/// Whether what two copies showed is the noise of the model: verdicts would else
/// rest on a disturbance, or on a slowdown that was asked for.
fn is_undisturbed(conduct: Conduct, results: &[ArmResult]) -> bool {
    conduct.slowdown == 0.0 && results.iter().all(|arm| arm.unstable.is_empty())
}

/// All launches, by arm, then by iteration.
async fn measure_all(
    plan: &Plan,
    arms: &[Arm],
    together: bool,
    before: MachineLoad,
    watch: &Watch<'_>,
) -> Result<Vec<Vec<Launched>>, MeasureError> {
    let settings = &plan.spec.settings;
    let schedule = Schedule {
        n_arms: arms.len(),
        n_prompts: u32::try_from(plan.spec.prompts.len()).unwrap_or(u32::MAX),
        warm_ups: settings.warm_ups,
        together,
    };
    watch.shared().progress.follow(schedule);
    let setting = Setting {
        plan,
        arms,
        schedule,
        memory_bytes: worker_memory(plan, before),
        watch,
    };
    let mut launches: Vec<Vec<Launched>> = arms.iter().map(|_| Vec::new()).collect();
    for iteration in 1..=settings.iterations {
        let of_iteration = measure_iteration(&setting, iteration).await?;
        for (all, one) in launches.iter_mut().zip(of_iteration) {
            all.push(one);
        }
    }
    Ok(launches)
}

/// What a reader of the run may have to know, or the refusal of the first that does not fit.
fn fit(models: &[Model], plan: &Plan, room: &Room) -> Result<Vec<Caution>, MeasureError> {
    let mut cautions: Vec<Caution> = Vec::new();
    for model in models {
        let found = preflight(model, &plan.spec.settings, room);
        if let Some(refusal) = found.refusal {
            return Err(MeasureError::DoesNotFit(refusal));
        }
        for caution in found.cautions {
            if !cautions.contains(&caution) {
                cautions.push(caution);
            }
        }
    }
    Ok(cautions)
}

/// The cautions in words. A load average hints at what others may do next: what they did
/// is a disturbance, as far as it was measured, or else as this hint.
fn of_what_is_over(cautions: &[Caution]) -> Vec<String> {
    let stands = |caution: &&Caution| !matches!(caution, Caution::Busy { .. });
    cautions
        .iter()
        .filter(stands)
        .map(Caution::afterwards)
        .collect()
}

/// Most private memory of a worker. Drivers of a GPU reserve at will.
fn worker_memory(plan: &Plan, before: MachineLoad) -> Option<u64> {
    let most = before.worker_memory_bytes();
    let most = most.filter(|_| plan.spec.settings.n_gpu_layers == 0);
    plan.launcher.memory_bytes.or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slowdown_that_was_asked_for_is_no_noise() {
        assert!(is_undisturbed(Conduct::default(), &[]));
        let slowed = Conduct {
            slowdown: 0.05,
            ..Conduct::default()
        };
        assert!(!is_undisturbed(slowed, &[]));
    }
}
