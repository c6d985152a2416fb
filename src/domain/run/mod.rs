//! A run: what is asked for, what is allowed, and what is stored of it.

mod request;
mod stored;

pub(super) use request::checked_id;
pub use request::{FlashAttention, GenerationMode, RunRequest, RunSettings, RunSpec};
pub use stored::{Failure, FailureKind, Run, RunId, RunStatus, RunSummary, Technique};
