//! What the benchmark paths take: a run, and what the path says of it.

use serde::{Deserialize, Serialize};

use super::problem::RunProblem;
use super::request::RunRequest;
use super::stored::Technique;
use crate::domain::defaults::NOISE_LAUNCHES;
use crate::domain::loss_budget::LossBudget;
use crate::domain::pruning::{Prune, PruningMethod, PruningRatio};
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::{Quantize, Recipe};

/// A request to measure a model as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BaselineRequest {
    /// `baseline`, if anything.
    #[serde(default)]
    pub technique: Option<Technique>,
    /// The run.
    #[serde(flatten)]
    pub run: RunRequest,
}

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

/// A request to prune a model and measure the variant against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningRequest {
    /// `pruning`, if anything.
    #[serde(default)]
    pub technique: Option<Technique>,
    /// The share of the blocks' matrix weights to remove, 0.1 to 0.5; by depth, the
    /// nearest share that whole blocks make.
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
    /// The run, without `recipes`.
    #[serde(flatten)]
    pub run: RunRequest,
}

/// A request to measure a model against itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NoiseRequest {
    /// The run, without `recipes` and `quality`; 10 iterations and more, 10 if
    /// left out.
    #[serde(flatten)]
    pub run: RunRequest,
}

impl TryFrom<BaselineRequest> for RunRequest {
    type Error = RunProblem;

    fn try_from(request: BaselineRequest) -> Result<Self, RunProblem> {
        let path = Technique::Baseline;
        refuse_unknown(&request.run, &["technique"])?;
        agrees(request.technique, path)?;
        without_variants(request.run, path)
    }
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

impl TryFrom<NoiseRequest> for RunRequest {
    type Error = RunProblem;

    fn try_from(request: NoiseRequest) -> Result<Self, RunProblem> {
        refuse_unknown(&request.run, &[])?;
        let run = without_variants(request.run, Technique::Noise)?;
        let iterations = run.iterations.unwrap_or(NOISE_LAUNCHES.into());
        match u32::try_from(iterations) {
            Ok(iterations) if (1..NOISE_LAUNCHES).contains(&iterations) => {
                Err(RunProblem::TooFewForNoise { iterations })
            }
            // What is no number of launches at all is said by the next check.
            _ => Ok(Self {
                iterations: Some(iterations),
                ..run
            }),
        }
    }
}

/// Refuses fields that a path does not have; `own` are those beside the run's.
fn refuse_unknown(run: &RunRequest, own: &[&'static str]) -> Result<(), RunProblem> {
    let of_run = RunRequest::FIELDS.into_iter();
    let of_run = of_run.filter(|field| *field != "recipes");
    run.unknown.refuse(own.iter().copied().chain(of_run))
}

fn agrees(asked: Option<Technique>, path: Technique) -> Result<(), RunProblem> {
    match asked.filter(|asked| *asked != path) {
        Some(asked) => Err(RunProblem::OtherTechnique { asked, path }),
        None => Ok(()),
    }
}

fn without_variants(run: RunRequest, path: Technique) -> Result<RunRequest, RunProblem> {
    let has_some = run.recipes.as_ref().is_some_and(|some| !some.is_empty());
    if has_some || run.quality == Some(true) {
        return Err(RunProblem::RecipesBeside(path));
    }
    Ok(run)
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
                && said.contains("pruning_ratio, method, quick, loss_budget, then_quantize"),
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

    #[test]
    fn every_field_is_known_by_its_name() {
        let written = serde_json::to_value(RunRequest::default()).expect("JSON");
        let written: Vec<&String> = written.as_object().expect("fields").keys().collect();
        let mut known = RunRequest::FIELDS;
        known.sort_unstable();
        assert_eq!(written, known);
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

    #[test]
    fn noise_takes_ten_launches() {
        let with = |iterations: i64| {
            RunRequest::try_from(NoiseRequest {
                run: RunRequest {
                    iterations: Some(iterations),
                    ..RunRequest::default()
                },
            })
        };
        assert_eq!(with(9), Err(RunProblem::TooFewForNoise { iterations: 9 }));
        assert_eq!(with(10).map(|run| run.iterations), Ok(Some(10)));
        let left_out = RunRequest::try_from(NoiseRequest::default());
        assert_eq!(left_out.map(|run| run.iterations), Ok(Some(10)));
    }
}
