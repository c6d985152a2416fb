//! What the benchmark paths take: a run, and what the path says of it.

mod baseline;
mod noise;
mod pruning;
mod quantization;

use super::problem::RunProblem;
use super::request::RunRequest;
use super::stored::Technique;

pub use baseline::BaselineRequest;
pub use noise::NoiseRequest;
pub use pruning::PruningRequest;
pub use quantization::QuantizationRequest;

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
