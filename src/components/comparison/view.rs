//! All that a run found of its variants.

use leptos::prelude::*;

use super::again::Again;
use super::chart::SizeChart;
use super::chart_points::{Against, Point, on_front};
use super::headline::{AgainstOriginal, Headline};
use super::notes::Notes;
use super::overview::Overview;
use super::quality::QualityView;
use super::right_answers;
use super::rows::{self, Row, Work};
use super::scale::Scale;
use super::table::ComparisonTable;
use crate::components::each::each;
use crate::components::pruning::PruningView;
use crate::domain::benchmark::ArmResult;
use crate::domain::compare::{Comparison, Judgement, Quantity, VariantComparison};
use crate::domain::metrics::Reading;
use crate::domain::model::Model;
use crate::domain::paired_speed::PairedSpeed;
use crate::domain::pruning::PruningReport;
use crate::domain::quality::{AnswerComparison, Quality};
use crate::domain::run::{Run, RunSettings};

/// A variant, ready to be shown.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// Its name in attributes.
    pub(super) key: String,
    /// Its name.
    pub(super) label: String,
    /// Its figures against the baseline's.
    pub(super) rows: Vec<Row>,
    /// What was pruned; none: nothing.
    pub(super) pruning: Option<PruningReport>,
    /// What it lost.
    pub(super) quality: Option<Reading<Quality>>,
    /// Its answers beside the baseline's.
    pub(super) answers: Vec<AnswerComparison>,
    /// Whether it still answers right, in words.
    pub(super) right_answers: Option<String>,
}

/// One variant in full; several at a glance, and each in full on demand.
#[component]
pub(super) fn ComparisonView(
    /// The run; over.
    run: Run,
    /// The smaller file that the run's model is an upcast of.
    original: Option<Model>,
    /// Starts the run again, where that can be done.
    again: Option<Again>,
) -> impl IntoView {
    let Some(comparison) = run.comparison.clone() else {
        return ().into_any();
    };
    let variants = shown(&comparison, &run.arms, &run.spec.settings);
    let marks = variants.iter().flat_map(|one| &one.rows);
    let values = marks
        .filter_map(|row| row.mark)
        .flat_map(|mark| mark.values());
    let scale = Scale::around(values);
    let baseline = run.model.file_type.clone();
    let prompts = run.spec.prompts.clone();
    let models = run.arms.iter().skip(1).map(|arm| arm.model.clone());
    let labels = variants.iter().map(|variant| variant.label.clone());
    let files: Vec<(String, Model)> = labels.zip(models).collect();
    let original = original.filter(|_| !files.is_empty()).map(|original| {
        let model = run.model.clone();
        view! { <AgainstOriginal model original variants=files/> }
    });
    let in_full = {
        let baseline = baseline.clone();
        move |variant: Shown| {
            let (baseline, prompts) = (baseline.clone(), prompts.clone());
            let pruned = variant.pruning.clone().map(|report| {
                view! { <PruningView label=variant.label.clone() report/> }
            });
            view! {
                <ComparisonTable
                    baseline=baseline.clone()
                    variant=variant.label.clone()
                    rows=variant.rows.clone()
                    scale
                />
                {pruned}
                <QualityView shown=variant prompts baseline/>
            }
        }
    };
    let found = if let [only] = variants.as_slice() {
        let only = only.clone();
        view! {
            <Headline label=only.label.clone() rows=only.rows.clone()/>
            {original}
            {in_full(only)}
        }
        .into_any()
    } else {
        let points = points(&baseline, &comparison, &run.arms);
        let against = Against::of(&points);
        let on_front = on_front(&points, against);
        let fold = move |variant: Shown| {
            let id = format!("variant-{}", variant.key);
            let words = format!("{} against the baseline, in full", variant.label);
            view! {
                <details class="fold variant" id=id>
                    <summary>{words}</summary>
                    <div class="whole">{in_full(variant)}</div>
                </details>
            }
        };
        view! {
            {original}
            <Overview baseline variants=variants.clone() on_front front_words=against.front_words()/>
            <SizeChart points numbers="The table above has the numbers."/>
            {each(variants, fold)}
        }
        .into_any()
    };
    view! {
        <div class="comparison">
            {found}
            <Notes comparison run again/>
        </div>
    }
    .into_any()
}

fn shown(comparison: &Comparison, arms: &[ArmResult], settings: &RunSettings) -> Vec<Shown> {
    let baseline_perplexity = comparison.baseline_perplexity.as_ref();
    let work = |index: usize| Some(Work::of(settings, arms.first()?, arms.get(index + 1)?));
    let one = |(index, variant): (usize, &VariantComparison)| Shown {
        key: variant.recipe.suffix().unwrap_or_default(),
        label: label(variant, arms.get(index + 1)),
        rows: rows::of(variant, baseline_perplexity, work(index).as_ref()),
        pruning: arms.get(index + 1).and_then(pruning_of),
        quality: variant.quality.clone(),
        answers: variant.answers.clone(),
        right_answers: arms
            .first()
            .zip(arms.get(index + 1))
            .and_then(|(baseline, arm)| {
                right_answers::in_words(baseline, arm, variant.right_answers)
            }),
    };
    comparison.variants.iter().enumerate().map(one).collect()
}

fn pruning_of(arm: &ArmResult) -> Option<PruningReport> {
    arm.model.variant.as_ref()?.pruning.clone()
}

/// What a variant is called: by what its file holds, where that is known.
fn label(variant: &VariantComparison, arm: Option<&ArmResult>) -> String {
    arm.map_or_else(|| variant.recipe.label(), ArmResult::label)
}

/// The baseline first, then the variants.
fn points(baseline: &str, comparison: &Comparison, arms: &[ArmResult]) -> Vec<Point> {
    let labels = comparison.variants.iter().enumerate();
    let labels = labels.map(|(index, one)| label(one, arms.get(index + 1)));
    let labels = std::iter::once(baseline.to_owned()).chain(labels);
    let divergence = |variant: &VariantComparison| {
        let quality = variant.quality.as_ref().and_then(Reading::value);
        quality.map(|quality| quality.mean_kld.value)
    };
    let divergences = comparison.variants.iter().map(divergence);
    let divergences = std::iter::once(Some(0.0)).chain(divergences);
    let speeds = comparison.variants.iter().map(speed);
    let speeds = std::iter::once(Some(PairedSpeed::BASELINE)).chain(speeds);
    arms.iter()
        .zip(labels)
        .zip(divergences.zip(speeds))
        .map(|((arm, label), (mean_kld, speed))| Point {
            label,
            size_mb: arm.model.size_mb(),
            mean_kld,
            speed,
        })
        .collect()
}

fn speed(variant: &VariantComparison) -> Option<PairedSpeed> {
    let improvement = variant.of(Quantity::TokensPerSecond)?;
    let ratio = improvement.change.value()?.ratio;
    Some(PairedSpeed::new(ratio, Some(&Judgement::from(improvement))))
}
