//! Server functions: the HTTP interface and the dashboard's way to the server.
//! Each validates, calls and maps the error; nothing else.

mod benchmark;
mod dashboard;
mod history;
mod prompt_sets;
mod runs;

pub use benchmark::benchmark_baseline;
pub use dashboard::{list_models, load_about, load_dashboard, remember};
pub use history::{delete_run, label_run, list_measured_models, restore_run};
pub use prompt_sets::{delete_prompt_set, get_prompt_set, keep_prompt_set, list_prompt_sets};
pub use runs::{cancel_run, get_run, list_runs, start_run};
