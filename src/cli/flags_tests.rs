//! That what is wrong is said of flags, and of flags that there are.

use clap::CommandFactory;

use super::*;
use crate::cli::Cli;
use crate::domain::pruning::{Prune, PruningMethod, PruningRatio};
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::Recipe;

/// All that a command can be asked for and that is refused.
fn problems() -> Vec<RunProblem> {
    let out_of_range = |setting| RunProblem::OutOfRange { setting, value: -1 };
    let pruned = Prune::new(PruningMethod::Width, PruningRatio::USUAL);
    let (number, n_chars) = (2, 1_000_000);
    let others = [
        RunProblem::PhysicalBatchTooLarge {
            n_ubatch: 2,
            n_batch: 1,
        },
        RunProblem::NoRoomForPrompt {
            max_tokens: 2,
            n_ctx: 1,
        },
        RunProblem::NoGpu { n_layers: 3 },
        RunProblem::NoPrompt,
        RunProblem::TooManyPrompts { n: 65 },
        RunProblem::PromptEmpty { number },
        RunProblem::PromptTooLong { number, n_chars },
        RunProblem::PromptHasNul { number },
        RunProblem::ExpectedEmpty { number },
        RunProblem::ExpectedTooLong { number, n_chars },
        RunProblem::ExpectedPattern {
            number,
            reason: "unclosed group".to_owned(),
        },
        RunProblem::TooManyRecipes { n: 17 },
        RunProblem::RecipeTwice(Recipe::pruned(pruned)),
        RunProblem::RecipeTwice(Recipe::quantized(QuantizationType::F16)),
        RunProblem::NeedsImatrix(QuantizationType::F16),
        RunProblem::ImatrixOfNothing(QuantizationType::F16),
        RunProblem::BudgetMethod(PruningMethod::Auto),
        RunProblem::EvaluationTextEmpty,
        RunProblem::EvaluationTextTooLong { n_bytes: 5_000_000 },
        RunProblem::EvaluationTextTooShort { n_bytes: 9 },
        RunProblem::TooFewForNoise { iterations: 9 },
    ];
    Setting::ALL
        .into_iter()
        .map(out_of_range)
        .chain(others)
        .collect()
}

#[test]
fn what_is_wrong_is_said_of_flags_that_there_are() {
    let command = Cli::command();
    let flags: Vec<String> = command
        .get_subcommands()
        .flat_map(|command| command.get_arguments())
        .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
        .collect();
    for problem in problems() {
        let said = in_flags(&problem, "--prompts-file");
        let is_end = |c: char| !c.is_ascii_lowercase() && c != '-';
        let mut named = said.split(is_end).filter(|word| word.starts_with("--"));
        let first = named.next();
        assert!(first.is_some(), "{said}");
        for flag in first.into_iter().chain(named) {
            assert!(flags.iter().any(|known| known == flag), "{flag}: {said}");
        }
        assert!(!said.contains('_') && !said.contains("/api"), "{said}");
    }
}

#[test]
fn numbers_are_written_as_they_are_typed() {
    let problem = RunProblem::OutOfRange {
        setting: Setting::MaxTokens,
        value: 0,
    };
    assert_eq!(
        in_flags(&problem, PROMPT),
        "--max-tokens is 0; it must be 1 to 100000"
    );
}

#[test]
fn layers_for_a_gpu_are_refused_where_there_is_no_support_for_one() {
    let request = RunRequest {
        n_gpu_layers: Some(3),
        ..RunRequest::default()
    };
    let checked = checked(request, PROMPT);
    assert_eq!(checked.is_ok(), BUILT_FOR_A_GPU);
    if let Err(error) = checked {
        let said = error.to_string();
        assert!(said.starts_with("--gpu-layers is 3 and"), "{said}");
    }
}

#[test]
fn what_was_not_found_is_said_in_other_words_and_other_errors_in_their_own() {
    let said = |code| {
        let error = AppError::new(code, "GET /api/models lists them");
        or_missing(error, || "no such file".to_owned()).to_string()
    };
    assert_eq!(said(ErrorCode::NotFound), "no such file");
    assert_eq!(said(ErrorCode::Conflict), "GET /api/models lists them");
    assert_eq!(
        with_flags("the context (n_ctx) has 2048"),
        "the context (--ctx) has 2048"
    );
}
