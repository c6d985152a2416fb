//! What the path that measures a model as it is takes.

use serde::{Deserialize, Serialize};

use super::{agrees, refuse_unknown, without_variants};
use crate::domain::run::problem::RunProblem;
use crate::domain::run::request::RunRequest;
use crate::domain::run::stored::Technique;

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

impl TryFrom<BaselineRequest> for RunRequest {
    type Error = RunProblem;

    fn try_from(request: BaselineRequest) -> Result<Self, RunProblem> {
        let path = Technique::Baseline;
        refuse_unknown(&request.run, &["technique"])?;
        agrees(request.technique, path)?;
        without_variants(request.run, path)
    }
}
