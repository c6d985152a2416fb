//! The HTTP side: state, routes, security layers, event streams.

mod assets;
mod errors;
mod events;
mod router;
mod security;
mod serve;
mod state;
mod status;

pub use router::router;
pub use security::AllowedHosts;
pub(crate) use serve::open_state;
pub use serve::{ServeOptions, serve};
pub use state::{AppState, Parts};
