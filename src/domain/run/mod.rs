//! A run: what is asked for, what is allowed, and what is stored of it.

mod asked;
mod deleted;
mod problem;
mod request;
mod setting;
mod stored;
mod unknown;

pub use asked::{BaselineRequest, NoiseRequest, PruningRequest, QuantizationRequest};
pub use deleted::DeletedRun;
pub use problem::RunProblem;
pub(super) use request::checked_id;
pub use request::{FlashAttention, GenerationMode, RunRequest, RunSettings, RunSpec};
pub use setting::Setting;
pub use stored::{Failure, FailureKind, Run, RunId, RunStatus, RunSummary, Technique};
pub use unknown::UnknownFields;
