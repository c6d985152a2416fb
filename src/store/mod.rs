//! The history in SQLite: runs, arms, samples, environments, events, settings.
//! All the SQL of the project.

mod error;
mod open;
mod read;
mod settings;
mod write;

use sqlx::{Pool, Sqlite};

pub use error::StoreError;
pub use open::set_aside;
pub use write::{Ending, Owner, Raw};

/// A cheap handle on the history.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Pool<Sqlite>,
}
