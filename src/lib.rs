//! Whittle cuts a local language model down and shows, on the user's own
//! machine and prompts, what each cut buys and what it costs.
//!
//! Shared by server and browser: [`domain`] (plain data), [`api`] (server
//! functions), [`app`], `pages` and `components` (views). The browser's alone:
//! `hydrate`, and around it `front`, a package of its own, which is what it runs. The
//! rest is the server's; the feature `fuzz` builds `gguf` without the two halves.

#[cfg(any(feature = "ssr", feature = "hydrate"))]
pub mod api;
#[cfg(any(feature = "ssr", feature = "hydrate"))]
pub mod app;
#[cfg(any(feature = "ssr", feature = "hydrate"))]
mod components;
pub mod domain;
#[cfg(feature = "hydrate")]
pub mod hydrate;
#[cfg(any(feature = "ssr", feature = "hydrate"))]
mod pages;

#[cfg(feature = "ssr")]
pub mod backend;
#[cfg(feature = "ssr")]
pub mod bench;
#[cfg(feature = "ssr")]
pub mod cli;
#[cfg(feature = "ssr")]
mod engine;
#[cfg(feature = "ssr")]
mod evaluate;
#[cfg(feature = "ssr")]
pub mod export;
#[cfg(any(feature = "ssr", feature = "fuzz"))]
pub mod gguf;
#[cfg(feature = "ssr")]
pub mod library;
#[cfg(feature = "ssr")]
pub mod machine_lock;
#[cfg(feature = "ssr")]
mod prune;
#[cfg(feature = "ssr")]
pub mod queue;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub mod store;
#[cfg(feature = "ssr")]
pub mod worker;
