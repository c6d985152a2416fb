//! The raw input of the form; the domain alone says whether it is valid.

use leptos::prelude::*;

use crate::domain::dashboard::Remembered;
use crate::domain::error::AppError;
use crate::domain::model::ModelId;
use crate::domain::run::{GenerationMode, RunRequest, RunSpec};

/// A prompt being written; the key stays when others are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptField {
    /// Its own number.
    pub key: u32,
    /// The text.
    pub text: RwSignal<String>,
}

/// Everything the user may change, as typed.
#[derive(Clone, Copy)]
pub struct RunForm {
    /// The chosen model.
    pub model: RwSignal<Option<ModelId>>,
    /// The prompts, in order.
    pub prompts: RwSignal<Vec<PromptField>>,
    /// Fresh launches.
    pub iterations: RwSignal<String>,
    /// Tokens for each prompt.
    pub max_tokens: RwSignal<String>,
    /// When requests end.
    pub mode: RwSignal<GenerationMode>,
    /// Threads; empty: the physical cores.
    pub n_threads: RwSignal<String>,
    /// Whether the file is mapped.
    pub mmap: RwSignal<bool>,
    /// Layers on a GPU; passed on as remembered.
    n_gpu_layers: u32,
    next_key: StoredValue<u32>,
}

impl RunForm {
    /// Filled with what the user chose last.
    pub fn new(remembered: &Remembered, model: Option<ModelId>) -> Self {
        let field = |(key, text): (u32, &String)| PromptField {
            key,
            text: RwSignal::new(text.clone()),
        };
        let prompts: Vec<PromptField> = (0..).zip(&remembered.prompts).map(field).collect();
        let next_key = prompts.last().map_or(0, |prompt| prompt.key + 1);
        let settings = &remembered.settings;
        let n_threads = settings.n_threads.map(|n| n.to_string());
        Self {
            model: RwSignal::new(model),
            prompts: RwSignal::new(prompts),
            iterations: RwSignal::new(settings.iterations.to_string()),
            max_tokens: RwSignal::new(settings.max_tokens.to_string()),
            mode: RwSignal::new(settings.mode),
            n_threads: RwSignal::new(n_threads.unwrap_or_default()),
            mmap: RwSignal::new(settings.mmap),
            n_gpu_layers: settings.n_gpu_layers,
            next_key: StoredValue::new(next_key),
        }
    }

    /// Adds an empty prompt at the end and says its key.
    pub fn add_prompt(&self) -> u32 {
        let key = self.next_key.get_value();
        self.next_key.set_value(key + 1);
        let text = RwSignal::new(String::new());
        self.prompts
            .update(|prompts| prompts.push(PromptField { key, text }));
        key
    }

    /// Removes the prompt with this key.
    pub fn remove_prompt(&self, key: u32) {
        self.prompts
            .update(|prompts| prompts.retain(|prompt| prompt.key != key));
    }

    /// The input as a request; an error where a number is none.
    pub fn request(&self) -> Result<RunRequest, AppError> {
        let texts = |prompts: &Vec<PromptField>| prompts.iter().map(|p| p.text.get()).collect();
        Ok(RunRequest {
            model: self.model.get().map(|id| id.0),
            test_queries: Some(self.prompts.with(texts)),
            iterations: whole_number("Iterations", &self.iterations.get())?,
            max_tokens: whole_number("Tokens per prompt", &self.max_tokens.get())?,
            mode: Some(self.mode.get()),
            n_threads: whole_number("Threads", &self.n_threads.get())?,
            mmap: Some(self.mmap.get()),
            n_gpu_layers: Some(self.n_gpu_layers.into()),
        })
    }

    /// The input as a valid request for a run, or what is wrong with it.
    pub fn spec(&self) -> Result<RunSpec, AppError> {
        RunSpec::try_from(self.request()?)
    }
}

fn whole_number(name: &str, text: &str) -> Result<Option<i64>, AppError> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            AppError::bad_request(format!("{name} is \"{text}\"; write a whole number"))
        }),
    }
}
