//! One route a file: load, lay out, and send what the user does to the server.

mod actions;
mod arriving;
mod curate;
mod dashboard;
mod deleted_runs;
mod forecast;
mod later;
mod latest;
mod models;
mod not_found;
mod prompt_sets;
mod pruning;
mod quantization;
mod resource;
mod run;
mod runs;
mod settings;
mod trade_offs;
mod variant_section;
mod variants;

pub use dashboard::DashboardPage;
pub use later::Later;
#[cfg(feature = "hydrate")]
pub use later::{LATER, load as load_later};
pub use not_found::NotFoundPage;

use deleted_runs::DeletedRunsPage;
use models::ModelsPage;
use run::RunPage;
use runs::RunsPage;
use settings::SettingsPage;
