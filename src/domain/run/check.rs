//! From what is asked for to what is measured: all that is allowed.

use super::problem::RunProblem;
use super::request::RunRequest;
use super::setting::Setting;
use super::spec::{RunSettings, RunSpec};
use crate::domain::defaults;
use crate::domain::model::ModelId;
use crate::domain::prompt::{self, Prompt};
use crate::domain::quality::{self, EvaluationText, QualitySpec};
use crate::domain::recipe::Recipe;

impl TryFrom<RunRequest> for RunSpec {
    type Error = RunProblem;

    fn try_from(request: RunRequest) -> Result<Self, RunProblem> {
        request.unknown.refuse(RunRequest::FIELDS.into_iter())?;
        let default = RunSettings::default();
        let settings = RunSettings {
            iterations: within(Setting::Iterations, request.iterations)?
                .unwrap_or(default.iterations),
            max_tokens: within(Setting::MaxTokens, request.max_tokens)?
                .unwrap_or(default.max_tokens),
            mode: request.mode.unwrap_or_default(),
            n_threads: within(Setting::NThreads, request.n_threads)?,
            mmap: request.mmap.unwrap_or(false),
            n_gpu_layers: within(Setting::NGpuLayers, request.n_gpu_layers)?.unwrap_or(0),
            n_ctx: within(Setting::NCtx, request.n_ctx)?.unwrap_or(default.n_ctx),
            n_batch: within(Setting::NBatch, request.n_batch)?.unwrap_or(default.n_batch),
            n_ubatch: within(Setting::NUbatch, request.n_ubatch)?.unwrap_or(default.n_ubatch),
            flash_attention: request.flash_attention.unwrap_or_default(),
            warm_ups: within(Setting::WarmUps, request.warm_ups)?.unwrap_or(default.warm_ups),
        };
        fit_together(&settings)?;
        let recipes = checked_recipes(request.recipes.unwrap_or_default())?;
        let chunks = within(Setting::QualityChunks, request.quality_chunks)?;
        let kept_text = request.kept_text;
        if kept_text.is_some() && request.evaluation_text.is_some() {
            return Err(RunProblem::TwoTexts);
        }
        check_text(request.evaluation_text.as_ref())?;
        if kept_text.as_ref().is_some_and(|text| !text.has_hash()) {
            return Err(RunProblem::NotATextHash);
        }
        let quality = request.quality.unwrap_or(false).then(|| QualitySpec {
            n_chunks: chunks.unwrap_or(quality::CHUNKS),
            text: kept_text,
        });
        if quality.is_some() && recipes.is_empty() {
            return Err(RunProblem::QualityOfNothing);
        }
        Ok(Self {
            model: request.model.map(checked_id).transpose()?,
            prompts: checked_prompts(request.test_queries)?,
            settings,
            recipes,
            quality,
        })
    }
}

fn within(setting: Setting, value: Option<i64>) -> Result<Option<u32>, RunProblem> {
    let Some(value) = value else { return Ok(None) };
    match u32::try_from(value) {
        Ok(value) if setting.range().contains(&value) => Ok(Some(value)),
        _ => Err(RunProblem::OutOfRange { setting, value }),
    }
}

/// Refuses settings that are each allowed and not together.
fn fit_together(settings: &RunSettings) -> Result<(), RunProblem> {
    let RunSettings {
        n_ctx,
        n_batch,
        n_ubatch,
        max_tokens,
        ..
    } = *settings;
    if n_ubatch > n_batch {
        return Err(RunProblem::PhysicalBatchTooLarge { n_ubatch, n_batch });
    }
    if max_tokens >= n_ctx {
        return Err(RunProblem::NoRoomForPrompt { max_tokens, n_ctx });
    }
    Ok(())
}

fn checked_recipes(recipes: Vec<Recipe>) -> Result<Vec<Recipe>, RunProblem> {
    if recipes.len() > defaults::RECIPES_LIMIT {
        return Err(RunProblem::TooManyRecipes { n: recipes.len() });
    }
    for (number, recipe) in (1..).zip(&recipes) {
        if recipe.is_baseline() {
            return Err(RunProblem::RecipeEmpty { number });
        }
        let without_imatrix = recipe.quantize.filter(|quantize| !quantize.imatrix);
        if let Some(quantize) = without_imatrix.filter(|one| one.level.needs_imatrix()) {
            return Err(RunProblem::NeedsImatrix(quantize.level));
        }
        if let Some(quantize) = recipe.quantize
            && quantize.imatrix
            && quantize.level.is_unquantized()
        {
            return Err(RunProblem::ImatrixOfNothing(quantize.level));
        }
        if let Some(prune) = recipe.prune
            && !prune.keeps_to_its_budget()
        {
            return Err(RunProblem::BudgetMethod(prune.method));
        }
        if recipes[..number - 1].contains(recipe) {
            return Err(RunProblem::RecipeTwice(*recipe));
        }
    }
    Ok(recipes)
}

fn check_text(text: Option<&EvaluationText>) -> Result<(), RunProblem> {
    let Some(text) = text else { return Ok(()) };
    if text.text.trim().is_empty() {
        return Err(RunProblem::EvaluationTextEmpty);
    }
    let n_bytes = text.text.len();
    if n_bytes > quality::TEXT_BYTES_LIMIT {
        return Err(RunProblem::EvaluationTextTooLong { n_bytes });
    }
    // No token is shorter than a byte; whether there are enough, the model's vocabulary says.
    if n_bytes < quality::CHUNK_TOKENS as usize {
        return Err(RunProblem::EvaluationTextTooShort { n_bytes });
    }
    Ok(())
}

pub(in crate::domain) fn checked_id(id: String) -> Result<ModelId, RunProblem> {
    ModelId::checked(id).ok_or(RunProblem::NotAModelId)
}

fn checked_prompts(prompts: Option<Vec<Prompt>>) -> Result<Vec<Prompt>, RunProblem> {
    prompts.map_or_else(|| Ok(Prompt::defaults()), prompt::checked)
}
