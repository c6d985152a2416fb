//! The HTTP side: state, routes, security layers, event streams.

mod asked;
mod assets;
mod background;
mod errors;
mod events;
mod export;
mod history;
mod loads;
mod openapi;
mod prompt_sets;
mod query;
mod remembered;
mod router;
mod runs;
mod security;
mod serve;
mod start;
mod state;
mod status;
mod trade_offs;
mod variants;

pub(crate) use asked::Asked;
pub use background::{Idleness, measure_in_background};
#[cfg(test)]
pub(crate) use openapi::DOCUMENT;
pub use router::router;
pub use security::AllowedHosts;
pub use serve::{ServeOptions, serve};
pub(crate) use serve::{asked_to_end, open_state};
pub use state::{AppState, Parts};
