//! After everything else is measured: what the variants lost, in a worker of
//! its own. What goes wrong then costs no other figure.

use std::fs::File;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::plan::{Arm, MeasureError, Observation, Plan};
use super::progress::Place;
use super::quality::{QualityPlan, QualityProgress, QualityResult, check_text_by, measure_quality};
use super::watch::Watch;
use crate::domain::event::{QualityLive, RunEvent, RunningLoss, StageName};

/// How often estimates are told.
const INTERVAL: Duration = Duration::from_millis(500);

/// Refuses a text of the user's own that has no chunk for the model: before variants are
/// made and measured for nothing.
pub(super) async fn check_text(plan: &Plan, model: &File) -> Result<(), MeasureError> {
    let Some(text) = &plan.text else {
        return Ok(());
    };
    let checked = check_text_by(&plan.launcher, (model, &plan.path), text);
    checked
        .await
        .map_err(|error| MeasureError::Worker { arm: None, error })
}

/// Measures the quality that the plan asks for; none: it asks for none. The
/// error says why there is none.
pub(super) async fn measure(
    plan: &Plan,
    arms: &[Arm],
    watch: &Watch<'_>,
) -> Option<Result<QualityResult, String>> {
    let spec = plan.spec.quality.as_ref()?;
    let (baseline, variants) = arms.split_first()?;
    watch.enter(Place::beside(StageName::Quality, None)).await;
    let available = (plan.machine.load().available_memory_mb * 1e6) as u64;
    let file = |arm: &Arm| arm.path.clone();
    let quality = QualityPlan {
        launcher: &plan.launcher,
        baseline: (&baseline.file, file(baseline)),
        variants: variants.iter().map(|arm| (&arm.file, file(arm))).collect(),
        text: plan.text.clone(),
        n_chunks: spec.n_chunks,
        n_threads: plan.n_threads(),
        prompts: plan.spec.prompts.iter().map(|p| p.text.clone()).collect(),
        max_tokens: plan.spec.settings.max_tokens,
        memory_bytes: (available > 0).then_some(available),
    };
    let labels: Vec<String> = plan.labels().into_iter().skip(1).collect();
    let mut last: Option<Instant> = None;
    let measured = measure_quality(&quality, |progress| {
        watch
            .shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .progress
            .learn_quality(&progress);
        let is_last = progress.chunks_done == progress.n_chunks
            && progress.answers_done == progress.n_answers;
        if is_last || last.is_none_or(|last| last.elapsed() >= INTERVAL) {
            last = Some(Instant::now());
            let live = RunEvent::Quality(live(&labels, progress));
            // An estimate may be lost, like a gauge.
            let _ = watch.observations.try_send(Observation::Event(live));
        }
    });
    Some(measured.await.map_err(|error| error.to_string()))
}

fn live(labels: &[String], progress: QualityProgress) -> QualityLive {
    let variants = labels.iter().zip(progress.mean_kld);
    QualityLive {
        chunks_done: progress.chunks_done,
        n_chunks: progress.n_chunks,
        answers_done: progress.answers_done,
        n_answers: progress.n_answers,
        baseline_perplexity: progress.baseline_perplexity.filter(|p| p.is_finite()),
        variants: variants
            .map(|(arm, mean_kld)| RunningLoss {
                arm: arm.clone(),
                mean_kld: mean_kld.filter(|kld| kld.is_finite()),
            })
            .collect(),
    }
}
