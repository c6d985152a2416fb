//! The HTTP side: state, routes, security layers, event streams.

mod assets;
mod background;
mod errors;
mod events;
mod export;
mod history;
mod loads;
mod openapi;
mod prompt_sets;
mod router;
mod security;
mod serve;
mod state;
mod status;
mod variants;

pub use background::{Idleness, measure_in_background};
#[cfg(test)]
pub(crate) use openapi::DOCUMENT;
pub use router::router;
pub use security::AllowedHosts;
pub use serve::{ServeOptions, serve};
pub(crate) use serve::{asked_to_end, open_state};
pub(crate) use state::Asked;
pub use state::{AppState, Parts};
