//! What the user chooses before variants are made and measured: levels, how
//! carefully, and whether what they cost is measured.

mod caution;
mod forecast;
mod level_field;
mod levels;
mod options;
mod plan;
mod state;
mod text;

pub use caution::BaseCaution;
pub use levels::LevelEditor;
pub use options::{CareField, QualityField};
pub use plan::{ComparisonPlan, Teaching};
pub use state::QuantizationForm;
