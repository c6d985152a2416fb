//! What can be measured: today a worker process on this machine.

mod error;
mod log_tail;
mod worker_process;

pub use error::WorkerError;
pub use worker_process::{Deadlines, WorkerLauncher, WorkerProcess};
