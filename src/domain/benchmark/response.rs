//! What the benchmark paths answer.

use serde::{Deserialize, Serialize};

use super::{FlatImprovements, FlatMetrics, FlatVerdicts};
use crate::domain::compare::Comparison;
use crate::domain::environment::Environment;
use crate::domain::metrics::Reading;
use crate::domain::model::{Model, ModelId};
use crate::domain::pruning::{PruningMethod, PruningReport};
use crate::domain::quality::Quality;
use crate::domain::quantization::QuantizationType;
use crate::domain::run::{Run, RunId, Technique};

/// The answer of `POST /api/benchmark/baseline`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BenchmarkResponse {
    /// `baseline`.
    pub technique: Technique,
    /// What the model is called, for people: not what `model` takes.
    pub model_name: String,
    /// Its library id, which `model` takes.
    pub model_id: ModelId,
    /// Where the run is kept: `/api/runs/{run_id}` has intervals and samples.
    pub run_id: RunId,
    /// The figures, flat.
    pub metrics: FlatMetrics,
    /// What computed, and what the engine was built with and for; null: not recorded.
    pub measured_on: Option<String>,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// What disturbed the measurement; empty: nothing was noticed.
    pub unstable: Vec<String>,
}

/// What a model is called, for people; of a variant with what was done to it.
fn name(model: &Model) -> String {
    let made = model.variant.as_ref();
    match made.and_then(|made| made.recipe.name_suffix()) {
        Some(suffix) => format!("{}-{suffix}", model.name),
        None => model.name.clone(),
    }
}

fn measured_on(run: &Run) -> Option<String> {
    run.environment.as_ref().map(Environment::in_words)
}

impl BenchmarkResponse {
    /// The flat form of a finished run; none while nothing is measured.
    pub fn of(run: &Run) -> Option<Self> {
        let arm = run.baseline()?;
        Some(Self {
            technique: run.technique,
            model_name: name(&run.model),
            model_id: run.model.id.clone(),
            run_id: run.id,
            metrics: FlatMetrics::of(arm),
            measured_on: measured_on(run),
            warnings: run.warnings(),
            unstable: arm.unstable.clone(),
        })
    }
}

/// The answer of `POST /api/benchmark/quantization`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QuantizationResponse {
    /// `quantization`.
    pub technique: Technique,
    /// What the baseline is called, and the level: `name-q4_0`.
    pub model_name: String,
    /// To which type.
    pub quantization_level: QuantizationType,
    /// What was measured.
    #[serde(flatten)]
    pub measured: MeasuredVariant,
}

impl QuantizationResponse {
    /// The flat form of a finished run of one quantized variant; none while
    /// nothing is measured.
    pub fn of(run: &Run) -> Option<Self> {
        let recipe = run.arms.get(1)?.recipe;
        Some(Self {
            technique: run.technique,
            model_name: format!("{}-{}", name(&run.model), recipe.name_suffix()?),
            quantization_level: recipe.quantize?.level,
            measured: MeasuredVariant::of(run)?,
        })
    }
}

/// The answer of `POST /api/benchmark/pruning`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningResponse {
    /// `pruning`.
    pub technique: Technique,
    /// What the baseline is called, and the ratio: `name-pruned-30%`.
    pub model_name: String,
    /// The share of the blocks' matrix weights that was to be removed.
    pub pruning_ratio: f64,
    /// The share that was removed.
    pub achieved_pruning_ratio: f64,
    /// What was removed, and how it was chosen.
    pub method: PruningMethod,
    /// To which type the pruned model was quantized; null: its weights kept theirs.
    pub then_quantize: Option<QuantizationType>,
    /// What is gone, where, and what that cost on held-out text.
    pub pruning: PruningReport,
    /// What was measured.
    #[serde(flatten)]
    pub measured: MeasuredVariant,
}

impl PruningResponse {
    /// The flat form of a finished run of one pruned variant; none while nothing
    /// is measured.
    pub fn of(run: &Run) -> Option<Self> {
        let variant = run.arms.get(1)?;
        let (recipe, prune) = (variant.recipe, variant.recipe.prune?);
        let pruning = variant.model.variant.as_ref()?.pruning.clone()?;
        Some(Self {
            technique: run.technique,
            model_name: format!("{}-{}", name(&run.model), recipe.name_suffix()?),
            pruning_ratio: prune.ratio.share(),
            achieved_pruning_ratio: pruning.cut.achieved_pruning_ratio,
            method: prune.method,
            then_quantize: recipe.quantize.map(|quantize| quantize.level),
            pruning,
            measured: MeasuredVariant::of(run)?,
        })
    }
}

/// One variant against its baseline, flat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MeasuredVariant {
    /// The type that most of its matrices really have, because the rows do not fit
    /// the one that was meant; null: that which was meant.
    pub mostly: Option<String>,
    /// Where the run is kept: `/api/runs/{run_id}` has the raw samples.
    pub run_id: RunId,
    /// The variant's library id, which `model` takes.
    pub model_id: ModelId,
    /// The baseline's.
    pub baseline_model_id: ModelId,
    /// The variant's figures, flat.
    pub metrics: FlatMetrics,
    /// The baseline's, measured in the same run.
    pub baseline_metrics: FlatMetrics,
    /// What the variant changes, in short: bare figures, which may be noise.
    pub improvements: FlatImprovements,
    /// What each of them is worth: verdict, interval, launches.
    pub verdicts: FlatVerdicts,
    /// All changes, with intervals, noise and verdicts.
    pub comparison: Comparison,
    /// What the variant lost; null: it was not asked for.
    pub quality: Option<Reading<Quality>>,
    /// What computed, and what the engine was built with and for; null: not recorded.
    pub measured_on: Option<String>,
    /// What a reader should know, of the run and of which model.
    pub warnings: Vec<String>,
    /// What disturbed the measurement of which model; empty: nothing was noticed.
    pub unstable: Vec<String>,
}

impl MeasuredVariant {
    fn of(run: &Run) -> Option<Self> {
        let (baseline, variant) = (run.arms.first()?, run.arms.get(1)?);
        let comparison = run.comparison.clone()?;
        let of_variant = comparison.variants.first()?;
        Some(Self {
            mostly: of_variant.mostly.clone(),
            run_id: run.id,
            model_id: variant.model.id.clone(),
            baseline_model_id: baseline.model.id.clone(),
            metrics: FlatMetrics::of(variant),
            baseline_metrics: FlatMetrics::of(baseline),
            improvements: FlatImprovements::of(of_variant),
            verdicts: FlatVerdicts::of(of_variant)?,
            quality: of_variant.quality.clone(),
            measured_on: measured_on(run),
            warnings: run.warnings(),
            unstable: run.disturbances(),
            comparison,
        })
    }
}
