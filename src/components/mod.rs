//! Values in, a view out: no I/O and no server function below this module.

pub mod alert;
pub mod answers;
pub mod connection;
pub mod deletion;
pub mod empty;
pub mod environment;
pub mod export;
pub mod form;
pub mod gauges;
pub mod histogram;
pub mod host;
pub mod label;
pub mod latency;
pub mod live;
pub mod marked;
pub mod metrics;
pub mod ollama;
pub mod outcome;
pub mod progress;
pub mod run_filter;
pub mod run_section;
pub mod run_table;
pub mod site;
pub mod sparkline;
pub mod theme;
pub mod words;
