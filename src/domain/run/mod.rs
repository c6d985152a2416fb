//! A run: what is asked for, what is allowed, and what is stored of it.

mod asked;
mod check;
mod deleted;
mod problem;
mod request;
mod setting;
mod spec;
mod stored;
mod unknown;

pub use asked::{BaselineRequest, NoiseRequest, PruningRequest, QuantizationRequest};
pub(super) use check::checked_id;
pub use deleted::DeletedRun;
pub use problem::RunProblem;
pub use request::{FlashAttention, GenerationMode, RunRequest};
pub use setting::Setting;
pub use spec::{RunSettings, RunSpec};
pub use stored::{Failure, FailureKind, Run, RunId, RunStatus, RunSummary, Technique};
pub use unknown::UnknownFields;
