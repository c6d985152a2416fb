//! What is wrong with what was asked for, in the words of the command line: the one
//! place that knows which flag sets what.

use anyhow::anyhow;

use crate::bench::machine::BUILT_FOR_A_GPU;
use crate::domain::defaults::{NOISE_LAUNCHES, RECIPES_LIMIT};
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::run::{RunProblem, RunRequest, RunSpec, Setting};

/// Where prompts are given one by one.
pub(super) const PROMPT: &str = "--prompt";

/// Checks a request whose prompts the flag `prompts` gives.
pub(super) fn checked(request: RunRequest, prompts: &str) -> anyhow::Result<RunSpec> {
    let spec = RunSpec::try_from(request);
    let fits = |spec: RunSpec| {
        spec.settings.check_gpu(BUILT_FOR_A_GPU)?;
        Ok(spec)
    };
    let checked = spec.and_then(fits);
    checked.map_err(|problem| refusal(&problem, prompts))
}

/// What is wrong, said of flags; the flag `prompts` gives the prompts.
pub(super) fn refusal(problem: &RunProblem, prompts: &str) -> anyhow::Error {
    anyhow!(in_flags(problem, prompts))
}

/// Says in other words that nothing was found: for programs, the interface names a path
/// that lists what there is.
pub(super) fn or_missing(error: AppError, said: impl FnOnce() -> String) -> anyhow::Error {
    match error.error.code {
        ErrorCode::NotFound => anyhow!(said()),
        _ => error.into(),
    }
}

/// What is said of a run, with flags in place of the fields that it has in brackets.
pub(super) fn with_flags(said: &str) -> String {
    let fields = [("(n_ctx)", "(--ctx)"), ("(mmap)", "(--mmap)")];
    let put = |said: String, (field, flag)| said.replace(field, flag);
    fields.into_iter().fold(said.to_owned(), put)
}

fn in_flags(problem: &RunProblem, prompts: &str) -> String {
    match problem {
        RunProblem::OutOfRange { setting, value } => {
            let (least, most) = setting.range().into_inner();
            let flag = flag(*setting);
            format!("{flag} is {value}; it must be {least} to {most}")
        }
        RunProblem::PhysicalBatchTooLarge { n_ubatch, n_batch } => format!(
            "--ubatch is {n_ubatch} and --batch {n_batch}; a physical batch is a part of a \
             logical one: lower --ubatch"
        ),
        RunProblem::NoRoomForPrompt { max_tokens, n_ctx } => {
            format!("--max-tokens is {max_tokens} and --ctx {n_ctx}; leave room for the prompt")
        }
        RunProblem::NoGpu { n_layers } => format!(
            "--gpu-layers is {n_layers} and this Whittle was built without support for a GPU; \
             leave it out, or build Whittle with the feature cuda, metal or vulkan"
        ),
        RunProblem::NoPrompt => {
            format!("{prompts} gives no prompt; write one, or leave it out for the built-in two")
        }
        RunProblem::TooManyPrompts { .. }
        | RunProblem::PromptEmpty { .. }
        | RunProblem::PromptTooLong { .. }
        | RunProblem::PromptHasNul { .. }
        | RunProblem::ExpectedEmpty { .. }
        | RunProblem::ExpectedTooLong { .. }
        | RunProblem::ExpectedPattern { .. } => format!("{prompts}: {}", problem.in_the_form()),
        RunProblem::TooManyRecipes { n } => format!(
            "--quantize and --prune ask for {n} variants; at most {RECIPES_LIMIT} are measured \
             in one run"
        ),
        RunProblem::RecipeTwice(recipe) => {
            let flag = match recipe.prune {
                Some(_) => "--prune",
                None => "--quantize",
            };
            format!("{flag}: {}", problem.in_the_form())
        }
        RunProblem::NeedsImatrix(level) => {
            format!("{level} needs an importance matrix; add --imatrix")
        }
        RunProblem::ImatrixOfNothing(level) => format!(
            "{level} quantizes nothing, so that an importance matrix changes nothing; leave \
             --imatrix out"
        ),
        RunProblem::BudgetMethod(method) => format!(
            "--loss-budget is for --method depth, which removes block after block and can stop; \
             --method {method} cannot: leave the budget out, or prune by depth"
        ),
        RunProblem::EvaluationTextEmpty
        | RunProblem::EvaluationTextTooLong { .. }
        | RunProblem::EvaluationTextTooShort { .. } => {
            format!("--text: {}", problem.in_the_form())
        }
        RunProblem::TooFewForNoise { iterations } => format!(
            "{} is {iterations}; a model is measured against itself at least {NOISE_LAUNCHES} \
             times",
            flag(Setting::Iterations)
        ),
        // Nothing that a command is asked with comes to these.
        RunProblem::NotANumber { .. }
        | RunProblem::NotAModelId
        | RunProblem::RecipeEmpty { .. }
        | RunProblem::QualityOfNothing
        | RunProblem::TwoTexts
        | RunProblem::NotATextHash
        | RunProblem::OtherTechnique { .. }
        | RunProblem::UnknownField { .. }
        | RunProblem::RecipesBeside(_) => problem.in_the_form(),
    }
}

fn flag(setting: Setting) -> &'static str {
    match setting {
        Setting::Iterations => "--iterations",
        Setting::MaxTokens => "--max-tokens",
        Setting::NThreads => "--threads",
        Setting::NGpuLayers => "--gpu-layers",
        Setting::NCtx => "--ctx",
        Setting::NBatch => "--batch",
        Setting::NUbatch => "--ubatch",
        Setting::WarmUps => "--warm-ups",
        Setting::QualityChunks => "--chunks",
    }
}

#[cfg(test)]
#[path = "flags_tests.rs"]
mod tests;
