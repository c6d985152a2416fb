//! How a worker can fail its parent, and what the user reads of it.

use std::time::Duration;

use crate::domain::protocol::WorkerErrorKind;
use crate::domain::run::{Failure, FailureKind};

/// A worker that did not do what it was asked, with its last log lines.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// It could not be started.
    #[error("the worker process could not be started: {0}")]
    Start(std::io::Error),
    /// It ended by itself.
    #[error("the worker process {how} while {doing}{hint}")]
    Ended {
        /// What it was doing.
        doing: &'static str,
        /// Its signal or exit code, in words.
        how: String,
        /// What the end suggests.
        hint: &'static str,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// It said nothing within its deadline and was killed.
    #[error(
        "the worker process made no progress for {} s while {doing} and was ended; \
         is the machine short of memory, or the model too large for it?",
        .after.as_secs_f64().ceil()
    )]
    Hung {
        /// What it was doing.
        doing: &'static str,
        /// The deadline.
        after: Duration,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// It said something that is no event.
    #[error("the worker process sent a line that is no event while {doing}: {line}")]
    Protocol {
        /// What it was doing.
        doing: &'static str,
        /// The beginning of the line.
        line: String,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// It refused a command and lives on.
    #[error("{message}")]
    Refused {
        /// The kind.
        kind: WorkerErrorKind,
        /// The worker's sentence.
        message: String,
        /// The last lines of its log.
        log: Vec<String>,
    },
}

impl From<WorkerError> for Failure {
    fn from(error: WorkerError) -> Self {
        let mut message = error.to_string();
        let is_out_of_memory = error.is_out_of_memory();
        let (mut kind, log_tail) = match error {
            WorkerError::Start(_) => (FailureKind::WorkerStart, Vec::new()),
            WorkerError::Ended { log, .. } => (FailureKind::WorkerCrashed, log),
            WorkerError::Hung { log, .. } => (FailureKind::WorkerHung, log),
            WorkerError::Protocol { log, .. } => (FailureKind::WorkerProtocol, log),
            WorkerError::Refused { kind, log, .. } => (refusal(kind), log),
        };
        if is_out_of_memory {
            kind = FailureKind::OutOfMemory;
            message.push_str(
                "; the model needs more memory than is available: close other programs, map the \
                 file (mmap), or choose a smaller quantization",
            );
        }
        Self {
            kind,
            message,
            log_tail,
        }
    }
}

impl WorkerError {
    /// The same where what the worker was doing is a part of something else, by which
    /// users know it.
    pub fn while_doing(mut self, whole: &'static str) -> Self {
        match &mut self {
            Self::Ended { doing, .. } | Self::Hung { doing, .. } | Self::Protocol { doing, .. } => {
                *doing = whole;
            }
            Self::Start(_) | Self::Refused { .. } => {}
        }
        self
    }

    /// Whether it was for want of memory: by what llama.cpp, the C++ and the
    /// Rust runtime print when an allocation fails, or by the kernel's count.
    fn is_out_of_memory(&self) -> bool {
        const SIGNS: [&str; 5] = [
            "bad_alloc",
            "failed to allocate",
            "unable to allocate",
            "Cannot allocate memory",
            "memory allocation of",
        ];
        let by_kernel = |hint: &str| hint.contains("because memory ran out");
        let is_sign = |line: &String| SIGNS.iter().any(|sign| line.contains(sign));
        match self {
            Self::Ended { hint, .. } if by_kernel(hint) => true,
            Self::Ended { log, .. } => log.iter().any(is_sign),
            // The log comes through a pipe of its own, and may be late.
            Self::Refused { message, log, .. } => is_sign(message) || log.iter().any(is_sign),
            Self::Start(_) | Self::Hung { .. } | Self::Protocol { .. } => false,
        }
    }
}

fn refusal(kind: WorkerErrorKind) -> FailureKind {
    match kind {
        WorkerErrorKind::Model => FailureKind::ModelNotUsable,
        WorkerErrorKind::Prompt | WorkerErrorKind::Text => FailureKind::PromptNotUsable,
        WorkerErrorKind::Memory => FailureKind::OutOfMemory,
        WorkerErrorKind::Storage => FailureKind::Storage,
        WorkerErrorKind::Command | WorkerErrorKind::Compute => FailureKind::Internal,
    }
}
