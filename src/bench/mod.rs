//! Draws up the schedule of a run and drives it from the server's side:
//! order, sampling of CPU and memory, statistics.

mod baseline;
mod evaluation_text;
mod gauges;
mod judge;
mod launch;
pub mod machine;
mod mcnemar;
mod outliers;
mod progress;
mod quality;
mod stability;
mod statistics;
mod summary;
mod variant;

pub use baseline::{MeasureError, Measured, Observation, Plan, measure_baseline};
pub use evaluation_text::{TextProblem, check_size, evaluation_text};
pub use mcnemar::mcnemar;
pub use quality::{QualityPlan, QualityProgress, QualityResult, measure_quality};
pub use variant::{Making, Variant, VariantError, Workshop};
