//! What the path that measures a model against itself takes.

use serde::{Deserialize, Serialize};

use super::{refuse_unknown, without_variants};
use crate::domain::defaults::NOISE_LAUNCHES;
use crate::domain::run::problem::RunProblem;
use crate::domain::run::request::RunRequest;
use crate::domain::run::stored::Technique;

/// A request to measure a model against itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NoiseRequest {
    /// The run, without `recipes` and `quality`; 10 iterations and more, 10 if
    /// left out.
    #[serde(flatten)]
    pub run: RunRequest,
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

#[cfg(test)]
mod tests {
    use super::*;

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
