//! What can be measured: today a worker process on this machine.

mod ending;
mod error;
mod launcher;
mod log_tail;
mod reaper;
mod worker_process;

pub use error::WorkerError;
pub use launcher::{Deadlines, Grant, WorkerLauncher};
pub use reaper::{Reaper, UntilAllGone};
pub use worker_process::{Introduction, WorkerProcess};
