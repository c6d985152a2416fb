//! What a view asks of the place where it is rendered: the browser's document
//! and storage, or the server's response. Same functions on both sides.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
pub use browser::{
    apply_theme, copy, focus, heard_server, is_focused, mark_hydrated, read_file, repeat, reveal,
    set_status, stored_theme, title, watch_server,
};
#[cfg(not(feature = "hydrate"))]
pub use server::{
    apply_theme, copy, focus, is_focused, mark_hydrated, read_file, repeat, reveal, set_status,
    stored_theme, title, watch_server,
};

/// The theme's key in the local storage.
pub const THEME_KEY: &str = "whittle-theme";
