//! What can go wrong with the history.

/// An error of the history.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("the history could not be read or written: {0}")]
    Sqlite(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error(
        "the history could not be brought up to date: {0}; \
         was it written by a newer Whittle?"
    )]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored value is not what this version writes.
    #[error("the history holds a value that cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}
