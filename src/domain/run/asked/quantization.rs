//! What the path that measures a quantized variant takes.

use serde::{Deserialize, Serialize};

use super::{agrees, refuse_unknown};
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};
use crate::domain::run::problem::RunProblem;
use crate::domain::run::request::RunRequest;
use crate::domain::run::stored::Technique;

/// A request to quantize a model and measure the variant against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QuantizationRequest {
    /// `quantization`, if anything.
    #[serde(default)]
    pub technique: Option<Technique>,
    /// To which type.
    pub quantization_level: QuantizationType,
    /// Whether errors count by an importance matrix; none: where the type needs
    /// one.
    #[serde(default)]
    pub imatrix: Option<bool>,
    /// The run, without `recipes`.
    #[serde(flatten)]
    pub run: RunRequest,
}

impl TryFrom<QuantizationRequest> for RunRequest {
    type Error = RunProblem;

    fn try_from(request: QuantizationRequest) -> Result<Self, RunProblem> {
        let path = Technique::Quantization;
        let own = ["technique", "quantization_level", "imatrix"];
        refuse_unknown(&request.run, &own)?;
        agrees(request.technique, path)?;
        if request.run.recipes.is_some() {
            return Err(RunProblem::RecipesBeside(path));
        }
        let level = request.quantization_level;
        let quantize = Quantize {
            level,
            imatrix: request.imatrix.unwrap_or(level.needs_imatrix()),
        };
        Ok(Self {
            recipes: Some(vec![Recipe {
                quantize: Some(quantize),
                ..Recipe::default()
            }]),
            ..request.run
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::RunSpec;

    fn spec(json: &str) -> Result<RunSpec, RunProblem> {
        let request: QuantizationRequest = serde_json::from_str(json).expect("a request");
        RunSpec::try_from(RunRequest::try_from(request)?)
    }

    #[test]
    fn a_level_becomes_a_recipe() {
        let spec = spec(r#"{"quantization_level": "q4_0", "iterations": 5, "quality": true}"#);
        let spec = spec.expect("a run");
        assert_eq!(spec.recipes, [Recipe::quantized(QuantizationType::Q4_0)]);
        assert_eq!(spec.settings.iterations, 5);
        assert_eq!(spec.quality.map(|quality| quality.n_chunks), Some(40));
    }

    #[test]
    fn contradictions_are_refused() {
        for (json, problem) in [
            (
                r#"{"quantization_level": "q4_0", "technique": "baseline"}"#,
                RunProblem::OtherTechnique {
                    asked: Technique::Baseline,
                    path: Technique::Quantization,
                },
            ),
            (
                r#"{"quantization_level": "q4_0", "recipes": []}"#,
                RunProblem::RecipesBeside(Technique::Quantization),
            ),
            (
                r#"{"quantization_level": "iq1_s", "imatrix": false}"#,
                RunProblem::NeedsImatrix(QuantizationType::IQ1_S),
            ),
            (
                r#"{"quantization_level": "f16", "imatrix": true}"#,
                RunProblem::ImatrixOfNothing(QuantizationType::F16),
            ),
        ] {
            assert_eq!(spec(json), Err(problem), "{json}");
        }
    }

    #[test]
    fn an_unknown_level_is_told_the_levels() {
        let wrong = r#"{"quantization_level": "q9_9"}"#;
        let error = serde_json::from_str::<QuantizationRequest>(wrong).expect_err("no level");
        let said = error.to_string();
        assert!(
            said.contains("\"q9_9\"") && said.contains("q4_0, q5_0, q8_0"),
            "{said}"
        );
    }

    #[test]
    fn a_field_that_there_is_not_is_named_beside_those_that_there_are() {
        let wrong = r#"{"quantization_level": "q4_0", "iteration": 3}"#;
        let said = spec(wrong).expect_err("no such field").to_string();
        assert!(
            said.starts_with("iteration is no field of this request; its fields are technique,")
                && said.contains("iterations, max_tokens")
                && !said.contains("recipes"),
            "{said}"
        );
    }
}
