//! What the path that measures a pruned variant takes.

use serde::{Deserialize, Serialize};

use super::{agrees, refuse_unknown};
use crate::domain::loss_budget::LossBudget;
use crate::domain::pruning::{Prune, PruningMethod, PruningRatio};
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};
use crate::domain::run::problem::RunProblem;
use crate::domain::run::request::RunRequest;
use crate::domain::run::stored::Technique;

/// A request to prune a model and measure the variant against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningRequest {
    /// `pruning`, if anything.
    #[serde(default)]
    pub technique: Option<Technique>,
    /// The share of the blocks' matrix weights to remove, 0.1 to 0.5, which is met within
    /// a point; with a loss budget, less may go.
    #[cfg_attr(test, schemars(range(min = 0.1, max = 0.5)))]
    pub pruning_ratio: PruningRatio,
    /// What is removed, and how it is chosen; none: width.
    #[serde(default)]
    pub method: Option<PruningMethod>,
    /// Whether less of the calibration text is read: it is done sooner, and loses
    /// more.
    #[serde(default)]
    pub quick: Option<bool>,
    /// By depth: blocks are removed until the next would make the perplexity more
    /// than so many times the model's, 1.01 to 10, on the calibration text; none:
    /// until the ratio is reached.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1.01, max = 10.0)))]
    pub loss_budget: Option<LossBudget>,
    /// To which type the pruned model is quantized; none: its weights keep theirs.
    #[serde(default)]
    pub then_quantize: Option<QuantizationType>,
    /// Whether a model that is quantized is written as F16 first, and pruned as that: its
    /// neurons go one by one then, and what stays is refitted. What quantizing lost stays
    /// lost. Any other model is refused so; none: it is pruned as it is.
    #[serde(default)]
    pub upcast: Option<bool>,
    /// The run, without `recipes`.
    #[serde(flatten)]
    pub run: RunRequest,
}

impl TryFrom<PruningRequest> for RunRequest {
    type Error = RunProblem;

    fn try_from(request: PruningRequest) -> Result<Self, RunProblem> {
        let path = Technique::Pruning;
        let own = [
            "technique",
            "pruning_ratio",
            "method",
            "quick",
            "loss_budget",
            "then_quantize",
            "upcast",
        ];
        refuse_unknown(&request.run, &own)?;
        agrees(request.technique, path)?;
        if request.run.recipes.is_some() {
            return Err(RunProblem::RecipesBeside(path));
        }
        let prune = Prune {
            method: request.method.unwrap_or_default(),
            ratio: request.pruning_ratio,
            quick: request.quick.unwrap_or_default(),
            loss_budget: request.loss_budget,
            upcast: request.upcast.unwrap_or_default(),
        };
        Ok(Self {
            recipes: Some(vec![Recipe {
                prune: Some(prune),
                quantize: request.then_quantize.map(Quantize::to),
            }]),
            ..request.run
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::RunSpec;

    #[test]
    fn a_ratio_becomes_a_recipe() {
        let spec = |json: &str| {
            let request: PruningRequest = serde_json::from_str(json).expect("a request");
            RunSpec::try_from(RunRequest::try_from(request)?)
        };
        let found = spec(r#"{"pruning_ratio": 0.3, "technique": "pruning"}"#).expect("a run");
        let [recipe] = found.recipes[..] else {
            panic!("{found:?}")
        };
        assert_eq!(recipe.name_suffix().as_deref(), Some("pruned-30%"));
        let all = r#"{"pruning_ratio": 0.5, "method": "depth", "then_quantize": "iq2_xs"}"#;
        let found = spec(all).expect("a run");
        let suffix = found.recipes[0].suffix();
        assert_eq!(suffix.as_deref(), Some("depth-pruned-50-iq2_xs-imatrix"));
        let upcast = spec(r#"{"pruning_ratio": 0.3, "upcast": true}"#).expect("a run");
        let suffix = upcast.recipes[0].suffix();
        assert_eq!(suffix.as_deref(), Some("pruned-30-upcast"));
        let bounded =
            r#"{"pruning_ratio": 0.5, "method": "depth", "quick": true, "loss_budget": 2}"#;
        let found = spec(bounded).expect("a run");
        let suffix = found.recipes[0].suffix();
        assert_eq!(suffix.as_deref(), Some("depth-pruned-max-50-quick-loss-2"));
        let wide = r#"{"pruning_ratio": 0.5, "loss_budget": 2}"#;
        let problem = RunProblem::BudgetMethod(PruningMethod::Width);
        assert_eq!(spec(wide), Err(problem));
        for wrong in ["1", "11", "\"little\""] {
            let json = format!("{{\"pruning_ratio\": 0.3, \"loss_budget\": {wrong}}}");
            let request = serde_json::from_str::<PruningRequest>(&json);
            assert!(request.is_err(), "{wrong}");
        }
        let other = RunProblem::OtherTechnique {
            asked: Technique::Quantization,
            path: Technique::Pruning,
        };
        let wrong = r#"{"pruning_ratio": 0.3, "technique": "quantization"}"#;
        assert_eq!(spec(wrong), Err(other));
        let both = r#"{"pruning_ratio": 0.3, "recipes": []}"#;
        let beside = RunProblem::RecipesBeside(Technique::Pruning);
        assert_eq!(spec(both), Err(beside));
        let slip = r#"{"pruning_ratio": 0.3, "methode": "depth"}"#;
        let said = spec(slip).expect_err("no such field").to_string();
        assert!(
            said.starts_with("methode is no field")
                && said
                    .contains("pruning_ratio, method, quick, loss_budget, then_quantize, upcast"),
            "{said}"
        );
        for wrong in ["0.6", "0.05", "0", "-1", "null", "\"a lot\""] {
            let json = format!("{{\"pruning_ratio\": {wrong}}}");
            assert!(
                serde_json::from_str::<PruningRequest>(&json).is_err(),
                "{wrong}"
            );
        }
    }
}
