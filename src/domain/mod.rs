//! Plain data shared by server and browser: no I/O, nothing of ours imported.

pub mod about;
pub mod benchmark;
pub mod dashboard;
pub mod defaults;
pub mod environment;
pub mod error;
pub mod estimate;
pub mod event;
pub mod filter;
pub mod json;
pub mod label;
pub mod latency;
pub mod live;
pub mod metrics;
pub mod model;
pub mod ollama;
pub mod outlier;
pub mod pattern;
pub mod preflight;
pub mod prompt;
pub mod prompt_set;
pub mod protocol;
pub mod run;
pub mod sample;
pub mod units;
