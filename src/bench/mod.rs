//! Draws up the schedule of a run and drives it from the server's side:
//! order, sampling of CPU and memory, statistics.

mod baseline;
mod gauges;
mod judge;
mod launch;
pub mod machine;
mod outliers;
mod progress;
mod stability;
mod statistics;
mod summary;

pub use baseline::{MeasureError, Measured, Observation, Plan, measure_baseline};
