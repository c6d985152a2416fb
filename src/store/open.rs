//! Opening the history's file, whatever state it is in.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::ConnectOptions;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Store, StoreError};

/// How long a writer waits for another.
const BUSY: Duration = Duration::from_secs(5);
/// SQLite's result codes for a file that is no database, or a broken one.
const DAMAGED: [&str; 2] = ["11", "26"];
/// The low byte of SQLite's result codes for a file that cannot be written;
/// the rest of a code says why.
const READ_ONLY: u32 = 8;

impl Store {
    /// Opens the history at `path`, making it or bringing it up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, is damaged, or comes from a newer Whittle.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self::connect(path)
            .await
            .map_err(|error| told(error, path))?;
        match store.prepare(path).await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    async fn connect(path: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Never corrupt; a power failure may lose the last moments.
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            // A slow disk is no news to a user, and no statement is.
            .disable_statement_logging();
        // The command line and the server may have the file open at once.
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await?;
        Ok(Self { pool })
    }

    /// Checks the file, then its schema.
    async fn prepare(&self, path: &Path) -> Result<(), StoreError> {
        let check: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| told(error, path))?;
        if check != "ok" {
            return Err(StoreError::Damaged {
                path: path.to_path_buf(),
                reason: check,
            });
        }
        match sqlx::migrate!("src/store/migrations").run(&self.pool).await {
            Err(MigrateError::VersionMissing(_)) => {
                return Err(StoreError::Newer(path.to_path_buf()));
            }
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                return Err(told(error, path));
            }
            other => other?,
        }
        self.check_writable(path).await
    }

    /// Finds out now, and not at the end of the first run, whether the file
    /// can be written. SQLite opens one that cannot without a word, and even
    /// begins a transaction for it; a statement that writes nothing tells.
    async fn check_writable(&self, path: &Path) -> Result<(), StoreError> {
        let nothing = sqlx::query("DELETE FROM settings WHERE FALSE");
        let written = nothing.execute(&self.pool).await;
        written.map(drop).map_err(|error| told(error, path))
    }

    /// Waits for what is being written and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Names a damaged file, and one that cannot be written, as such.
fn told(error: sqlx::Error, path: &Path) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    let number = code.as_ref().and_then(|code| code.parse::<u32>().ok());
    if number.is_some_and(|number| number & 0xFF == READ_ONLY) {
        return StoreError::ReadOnly(path.to_path_buf());
    }
    if code.is_some_and(|code| DAMAGED.contains(&code.as_ref())) {
        return StoreError::Damaged {
            path: path.to_path_buf(),
            reason: error.to_string(),
        };
    }
    error.into()
}

/// Moves a damaged history and its journal out of the way and says where to.
/// Nothing is deleted: SQLite's `.recover` may save some of it.
///
/// # Errors
/// When the file cannot be renamed.
pub fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = now.map_or(0, |now| now.as_secs());
    let aside = with_suffix(path, &format!(".damaged-{seconds}"));
    for journal in ["", "-wal", "-shm"] {
        let (from, to) = (with_suffix(path, journal), with_suffix(&aside, journal));
        match std::fs::rename(&from, to) {
            Err(source) if journal.is_empty() => {
                return Err(StoreError::SetAside { path: from, source });
            }
            // A journal may not be there.
            _ => {}
        }
    }
    Ok(aside)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
