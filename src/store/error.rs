//! What can go wrong with the history.

use std::path::PathBuf;

use crate::domain::run::{Failure, FailureKind};

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        Self {
            kind: FailureKind::Storage,
            message: format!("{error}; is the disk full, or the data folder read-only?"),
            log_tail: Vec::new(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

/// An error of the history.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("the history could not be read or written: {0}")]
    Sqlite(#[from] sqlx::Error),
    /// What is in the file is no history that SQLite can read.
    #[error(
        "the history {} is damaged ({reason}); whittle serve sets it aside and begins a new one",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        reason: String,
    },
    /// A newer Whittle wrote it.
    #[error(
        "the history {} was written by a newer Whittle; it is left untouched: use that version, \
         or give another --data-dir",
        .0.display()
    )]
    Newer(PathBuf),
    /// Its file can be read and not written.
    #[error(
        "the history {} can only be read; make the file and its folder writable for you, or give \
         another --data-dir",
        .0.display()
    )]
    ReadOnly(PathBuf),
    /// A damaged history could not be set aside.
    #[error("the damaged history {} could not be set aside: {source}", .path.display())]
    SetAside {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The schema could not be brought up to date.
    #[error("the history could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored value is not what this version writes.
    #[error("the history holds a value that cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}
