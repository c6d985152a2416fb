//! The history in SQLite: runs, arms, samples, environments, events, settings,
//! prompt sets.
//! All the SQL of the project.

mod curate;
mod deleted;
mod ending;
mod error;
mod insert;
mod list;
mod noise;
mod open;
mod prompt_sets;
mod raw;
mod read;
mod settings;
mod trade_offs;
mod write;

use sqlx::{Pool, Sqlite};

pub use curate::Deletion;
pub use ending::{Ending, Finished};
pub use error::StoreError;
pub use open::set_aside;
pub use raw::Place;
pub use write::{Owner, Raw};

/// A cheap handle on the history.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Pool<Sqlite>,
}
