//! Draws up the schedule of a run and drives it from the server's side:
//! order, sampling of CPU and memory, statistics.

mod base_file;
mod baseline;
mod digest;
mod gauges;
mod imatrix;
mod judge;
mod launch;
pub mod machine;
mod order;
mod outliers;
mod progress;
mod quality;
mod shelf;
mod stability;
mod statistics;
mod summary;
mod variant;
mod workbench;

pub use baseline::{MeasureError, Measured, Observation, Plan, measure_baseline};
pub use quality::{QualityPlan, QualityProgress, QualityResult, measure_quality};
pub use variant::{Making, Variant, VariantError, Workshop};
