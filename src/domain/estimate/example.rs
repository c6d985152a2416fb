//! A model of known speed and short runs of it, for tests of the estimate.

use super::{SpeedBasis, SpeedSource};
use crate::domain::run::{RunRequest, RunSpec};

pub(super) const BASIS: SpeedBasis = SpeedBasis {
    load_s: 1.0,
    prompt_tokens_per_second: 512.0,
    tokens_per_second: 64.0,
    source: SpeedSource::UndisturbedRun,
};

pub(super) fn seconds(request: RunRequest) -> f64 {
    let spec = RunSpec::try_from(request).expect("a run");
    BASIS.spec_seconds(&spec)
}

pub(super) fn of(prompt: &str, max_tokens: i64, warm_ups: i64) -> RunRequest {
    RunRequest {
        test_queries: Some(vec![prompt.into()]),
        iterations: Some(2),
        max_tokens: Some(max_tokens),
        warm_ups: Some(warm_ups),
        ..RunRequest::default()
    }
}
