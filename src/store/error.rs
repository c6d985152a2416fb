//! What can go wrong with the history.

use std::path::PathBuf;

use crate::domain::run::{Failure, FailureKind};

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        let way_out = match error.is_full() {
            true => "make room on the disk that holds the data folder, and run it again",
            false => "is the disk full, or the data folder read-only?",
        };
        Self {
            kind: FailureKind::Storage,
            message: format!("{error}; {way_out}"),
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

/// SQLite's result code for a disk, or a database, that is full.
const FULL: &str = "13";

impl StoreError {
    fn is_full(&self) -> bool {
        let Self::Sqlite(error) = self else {
            return false;
        };
        let code = error.as_database_error().and_then(|error| error.code());
        code.as_deref() == Some(FULL)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection, query};

    use super::*;

    /// What is said of a statement that fails in a database of two pages.
    async fn said_of(statement: &str) -> String {
        let mut database = SqliteConnection::connect("sqlite::memory:")
            .await
            .expect("a database");
        for statement in ["CREATE TABLE t (bytes)", "PRAGMA max_page_count = 2"] {
            let done = query(statement).execute(&mut database).await;
            done.expect("it is small");
        }
        let failed = query(statement).execute(&mut database).await;
        let error = StoreError::from(failed.expect_err("it fails"));
        Failure::from(error).message
    }

    #[tokio::test]
    async fn a_full_disk_is_told_from_other_failures() {
        let full = said_of("INSERT INTO t VALUES (zeroblob(10000))").await;
        assert!(
            full.contains("disk is full; make room on the disk"),
            "{full}"
        );
        let other = said_of("INSERT INTO none VALUES (1)").await;
        assert!(other.contains("is the disk full, or the"), "{other}");
    }
}
