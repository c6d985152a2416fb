//! The two wordings of what is wrong with a request.

use super::RunProblem;
use crate::domain::pruning::PruningMethod;
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::Recipe;
use crate::domain::run::setting::Setting;
use crate::domain::run::stored::Technique;

#[test]
fn programs_read_fields_and_people_labels() {
    let problem = RunProblem::OutOfRange {
        setting: Setting::MaxTokens,
        value: 0,
    };
    assert_eq!(
        problem.to_string(),
        "max_tokens is 0; it must be 1 to 100000"
    );
    assert_eq!(
        problem.in_the_form(),
        "Tokens per prompt is 0; it must be 1 to 100,000"
    );
    let problem = RunProblem::PhysicalBatchTooLarge {
        n_ubatch: 4096,
        n_batch: 512,
    };
    assert_eq!(
        problem.in_the_form(),
        "Physical batch is 4,096 and Batch 512; a physical batch is a part of a logical one: \
         lower Physical batch"
    );
}

#[test]
fn the_form_never_names_a_field_of_a_request() {
    let of = |setting| {
        let (value, text) = (-1, "x".to_owned());
        [
            RunProblem::OutOfRange { setting, value },
            RunProblem::NotANumber { setting, text },
        ]
    };
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
        RunProblem::UnknownField {
            name: "max_token".to_owned(),
            known: vec!["max_tokens"],
        },
        RunProblem::NotAModelId,
        RunProblem::NoPrompt,
        RunProblem::TooManyPrompts { n: 65 },
        RunProblem::PromptEmpty { number: 1 },
        RunProblem::PromptTooLong {
            number: 1,
            n_chars: 20_000,
        },
        RunProblem::PromptHasNul { number: 1 },
        RunProblem::ExpectedEmpty { number: 1 },
        RunProblem::ExpectedTooLong {
            number: 1,
            n_chars: 2_000,
        },
        RunProblem::ExpectedPattern {
            number: 1,
            reason: "unclosed group".to_owned(),
        },
        RunProblem::TooManyRecipes { n: 17 },
        RunProblem::RecipeEmpty { number: 1 },
        RunProblem::BudgetMethod(PruningMethod::Auto),
        RunProblem::QualityOfNothing,
        RunProblem::EvaluationTextEmpty,
        RunProblem::TwoTexts,
        RunProblem::NotATextHash,
        RunProblem::EvaluationTextTooLong { n_bytes: 1_000_000 },
        RunProblem::EvaluationTextTooShort { n_bytes: 9 },
        RunProblem::OtherTechnique {
            asked: Technique::Baseline,
            path: Technique::Quantization,
        },
        RunProblem::RecipesBeside(Technique::Noise),
        RunProblem::TooFewForNoise { iterations: 3 },
    ];
    for problem in Setting::ALL.into_iter().flat_map(of).chain(others) {
        let said = problem.in_the_form();
        assert!(!said.contains('_') && !said.contains("/api"), "{said}");
    }
}

#[test]
fn a_problem_of_two_settings_is_in_both() {
    let problem = RunProblem::NoRoomForPrompt {
        max_tokens: 2048,
        n_ctx: 2048,
    };
    let found: Vec<Setting> = Setting::ALL
        .into_iter()
        .filter(|setting| problem.is_in_setting(*setting))
        .collect();
    assert_eq!(found, [Setting::MaxTokens, Setting::NCtx]);
    assert_eq!(problem.setting(), Some(Setting::MaxTokens));
    assert_eq!(problem.prompt(), None);
}

#[test]
fn a_variant_is_named_as_the_field_names_it() {
    let twice = RunProblem::RecipeTwice(Recipe::quantized(QuantizationType::Q4_0));
    assert_eq!(
        twice.in_the_form(),
        "Q4_0 is asked for twice; ask for it once"
    );
    let needs = RunProblem::NeedsImatrix(QuantizationType::IQ2_XS);
    assert_eq!(
        needs.to_string(),
        "IQ2_XS cannot be made without an importance matrix; set imatrix to true"
    );
    assert!(needs.in_the_form().ends_with("switch it on"));
    let useless = RunProblem::ImatrixOfNothing(QuantizationType::BF16);
    assert!(useless.to_string().ends_with("set imatrix to false"));
    assert!(useless.in_the_form().ends_with("switch it off"));
}

#[test]
fn the_reason_against_a_pattern_is_found_in_what_the_server_says() {
    let wrong = |number, reason: &str| RunProblem::ExpectedPattern {
        number,
        reason: reason.to_owned(),
    };
    let said = wrong(12, "unclosed group").to_string();
    assert_eq!(
        RunProblem::pattern_reason(&said, 12),
        Some("unclosed group")
    );
    assert_eq!(RunProblem::pattern_reason(&said, 1), None);
    let other = RunProblem::ExpectedEmpty { number: 12 }.to_string();
    assert_eq!(RunProblem::pattern_reason(&other, 12), None);
}
