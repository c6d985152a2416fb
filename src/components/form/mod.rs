//! What the user chooses before a run: model, prompts, settings.

mod estimate;
mod expected;
mod faulty;
mod field_problem;
mod model_picker;
mod number_field;
mod preflight;
mod prompt_field;
mod prompt_file;
mod prompts;
mod set_picker;
mod sets;
mod settings;
mod state;

pub use estimate::{EstimateLine, speeds_of};
pub use faulty::show_faulty;
pub use model_picker::ModelPicker;
pub use preflight::PreflightNote;
pub use prompts::PromptEditor;
pub use sets::{Chosen, PromptSets, SetActions, Undo, Wanted};
pub use settings::SettingsEditor;
pub use state::RunForm;
pub(super) use state::whole_number;
