//! What every section chooses alike that makes variants and measures them: how
//! carefully, whether what they cost is measured, and on what.

mod caution;
mod forecast;
mod options;
mod plan;
mod quality;
mod text;

pub use caution::BaseCaution;
pub use forecast::Forecasts;
pub use options::{CareField, QualityField};
pub use plan::ComparisonPlan;
pub use quality::QualityChoice;
