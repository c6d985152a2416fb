//! Which input a problem lies in, and the way to it.

use leptos::prelude::*;

use super::state::RunForm;
use crate::components::host;
use crate::domain::run::{RunProblem, Setting};

/// The line that says what is wrong with the form.
pub const PROBLEM_ID: &str = "estimate";

/// The element's id of a setting.
pub(super) fn setting_id(setting: Setting) -> &'static str {
    match setting {
        Setting::Iterations => "iterations",
        Setting::MaxTokens => "max-tokens",
        Setting::NThreads => "threads",
        Setting::NGpuLayers => "n-gpu-layers",
        Setting::NCtx => "n-ctx",
        Setting::NBatch => "n-batch",
        Setting::NUbatch => "n-ubatch",
        Setting::WarmUps => "warm-ups",
        Setting::QualityChunks => "quality-chunks",
    }
}

/// The element's id of the prompt with this key.
pub fn prompt_id(key: u32) -> String {
    format!("prompt-{key}")
}

/// The element's id of what is expected of the answer to it.
pub fn expected_id(key: u32) -> String {
    format!("expected-{key}")
}

/// Brings the user to the input that has to be changed.
pub fn show_faulty(form: RunForm, problem: &RunProblem) {
    let prompt = problem.prompt().and_then(|number| {
        let place = number.checked_sub(1)?;
        let key = form
            .prompts
            .with_untracked(|prompts| Some(prompts.get(place)?.key));
        Some(if problem.is_expectation() {
            expected_id(key?)
        } else {
            prompt_id(key?)
        })
    });
    let setting = problem.setting().map(setting_id);
    if let Some(id) = prompt.as_deref().or(setting) {
        host::reveal(id);
    }
}
