//! Draws up the schedule of a run and drives it from the server's side:
//! order, sampling of CPU and memory, statistics.

mod base_file;
mod blocking;
mod bootstrap;
mod compare;
mod digest;
mod evaluation_text;
mod gauges;
mod imatrix;
mod iteration;
mod judge;
mod launch;
mod loss;
pub mod machine;
mod measure;
mod order;
mod outliers;
mod paired;
mod plan;
mod prepare;
mod progress;
mod quality;
mod request_pair;
mod schedule;
mod shelf;
mod stability;
mod statistics;
mod summary;
mod trust;
mod variant;
mod watch;
mod workbench;

pub use evaluation_text::{TextProblem, check_size, evaluation_text};
pub use measure::measure;
pub use plan::{Conduct, MeasureError, Measured, Observation, Plan};
pub use quality::{QualityPlan, QualityProgress, QualityResult, measure_quality};
pub use trust::{Pair, Trust, pairs, trust};
pub use variant::{Making, Variant, VariantError, Workshop};
