//! What the user chooses before a run: model, prompts, settings.

mod estimate;
mod model_picker;
mod preflight;
mod prompts;
mod settings;
mod state;

pub use estimate::{EstimateLine, speeds_of};
pub use model_picker::ModelPicker;
pub use preflight::PreflightNote;
pub use prompts::PromptEditor;
pub use settings::SettingsEditor;
pub use state::RunForm;
