//! The history in SQLite: runs, arms, samples, environments, events, settings.
//! All the SQL of the project.

mod error;
mod read;
mod settings;
mod write;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Pool, Sqlite};

pub use error::StoreError;
pub use write::{Ending, Owner, Raw};

/// A cheap handle on the history.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Pool<Sqlite>,
}

impl Store {
    /// Opens the history at `path`, making it or bringing it up to date.
    ///
    /// # Errors
    /// When the file cannot be opened or comes from a newer Whittle.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Never corrupt; a power failure may lose the last moments.
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        // The command line and the server may have the file open at once.
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await?;
        sqlx::migrate!("src/store/migrations").run(&pool).await?;
        Ok(Self { pool })
    }

    /// Waits for what is being written and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
