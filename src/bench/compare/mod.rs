//! From the launches of all arms to what the variants change.

mod log_ratio;
mod sides;

use super::launch::Launched;
use super::paired;
use super::plan::Arm;
use super::quality::QualityResult;
use crate::domain::benchmark::ArmResult;
use crate::domain::compare::{Comparison, Quantity, VariantComparison};
use crate::domain::mcnemar::McNemar;
use crate::domain::metrics::Reading;
use crate::domain::noise::{Noise, Spread};
use log_ratio::log_ratios;
use sides::{Sides, latency_intervals};

pub(super) use log_ratio::requests_log_ratio;

/// All comparisons of a run; none: it has one arm. Nothing is judged yet.
pub(super) async fn compare(
    arms: &[Arm],
    results: &[ArmResult],
    launches: &[Vec<Launched>],
    blocks: Option<String>,
    quality: Option<Result<QualityResult, String>>,
) -> Option<Comparison> {
    let (baseline, base_launches) = (results.first()?, launches.first()?);
    let mut variants = Vec::new();
    for ((arm, result), launches) in arms.iter().zip(results).zip(launches).skip(1) {
        let intervals = latency_intervals(base_launches, launches).await;
        let sides = Sides {
            baseline: (baseline, base_launches),
            variant: (result, launches),
            intervals,
        };
        variants.push(VariantComparison {
            recipe: arm.recipe,
            mostly: mostly(arm),
            improvements: Quantity::ALL
                .map(|quantity| sides.improvement(quantity))
                .into(),
            quality: None,
            right_answers: right_answers(baseline, result),
            answers: Vec::new(),
        });
    }
    if variants.is_empty() {
        return None;
    }
    let mut comparison = Comparison {
        variants,
        blocks,
        baseline_perplexity: None,
        warnings: Vec::new(),
    };
    match quality {
        None => {}
        Some(Ok(found)) => {
            comparison.baseline_perplexity = Some(Reading::Measured(found.baseline.clone()));
            found.fill(&mut comparison.variants);
        }
        Some(Err(reason)) => {
            comparison.baseline_perplexity = Some(Reading::NotMeasured(reason.clone()));
            for variant in &mut comparison.variants {
                variant.quality = Some(Reading::NotMeasured(reason.clone()));
            }
        }
    }
    Some(comparison)
}

/// What a variant's file really holds, where the recipe says something else.
fn mostly(arm: &Arm) -> Option<String> {
    let made = arm.model.variant.as_ref();
    let mostly = made.filter(|_| !arm.recipe.is_baseline())?.mostly()?;
    Some(mostly.to_owned())
}

/// What became right and wrong of the answers that were judged.
fn right_answers(baseline: &ArmResult, variant: &ArmResult) -> Option<McNemar> {
    let answers = baseline.answers.iter().zip(&variant.answers);
    McNemar::of(answers.map(|(before, after)| (before.is_right, after.is_right)))
}

/// What a model shows against itself, launch pair by launch pair.
pub(super) fn noise(one: &[Launched], other: &[Launched]) -> Option<Noise> {
    let spread = |quantity| {
        let half_range = paired::half_range(&log_ratios(quantity, one, other)?)?;
        Some(Spread {
            quantity,
            half_range,
        })
    };
    Some(Noise {
        n_launches: u32::try_from(one.len().min(other.len())).ok()?,
        spreads: Quantity::ALL.into_iter().filter_map(spread).collect(),
    })
}
