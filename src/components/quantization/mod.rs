//! What the user chooses before a model is quantized: the levels.

mod forecast;
mod level_field;
mod levels;
mod state;
mod teaching;

pub use levels::LevelEditor;
pub(super) use levels::options;
pub use state::QuantizationForm;
pub use teaching::Teaching;
