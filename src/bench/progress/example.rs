//! A run of three launches and two prompts, for tests of its clock.

use super::{Place, Progress};
use crate::domain::estimate::{SpeedBasis, SpeedSource};
use crate::domain::event::StageName;
use crate::domain::run::{RunRequest, RunSpec};

pub(super) const BASIS: SpeedBasis = SpeedBasis {
    load_s: 1.0,
    prompt_tokens_per_second: 512.0,
    tokens_per_second: 128.0,
    source: SpeedSource::UndisturbedRun,
};

pub(super) fn spec(warm_ups: i64) -> RunSpec {
    let request = RunRequest {
        warm_ups: Some(warm_ups),
        ..RunRequest::default()
    };
    RunSpec::try_from(request).unwrap()
}

pub(super) fn progress() -> Progress {
    Progress::start(&spec(1), BASIS)
}

/// The place of the only arm.
pub(super) fn at(name: StageName, iteration: u32, prompt: Option<u32>) -> Place {
    Place {
        name,
        arm: (name != StageName::Summarizing).then_some(0),
        iteration,
        prompt,
    }
}
