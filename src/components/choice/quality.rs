//! The raw choice of quality; the domain says whether it is valid.

use leptos::prelude::*;

use crate::components::form::{RunForm, whole_number};
use crate::domain::quality::{CHUNKS, EvaluationText};
use crate::domain::recipe::Recipe;
use crate::domain::run::{RunProblem, RunRequest, RunSpec, Setting};

/// Whether what variants cost is measured, and on what.
#[derive(Clone, Copy)]
pub struct QualityChoice {
    /// Whether it is where nothing was asked for yet.
    is_usual: bool,
    /// Whether it is.
    pub(super) is_measured: RwSignal<bool>,
    /// Chunks, as typed.
    pub(super) chunks: RwSignal<String>,
    /// The user's own text; none: the built-in one.
    pub(super) text: RwSignal<Option<EvaluationText>>,
}

impl QualityChoice {
    /// As it was asked for last, else as is usual for what is made.
    pub fn new(last: Option<&RunSpec>, is_usual: bool) -> Self {
        let choice = Self {
            is_usual,
            is_measured: RwSignal::new(false),
            chunks: RwSignal::new(String::new()),
            text: RwSignal::new(None),
        };
        choice.fill(last);
        choice
    }

    /// Fills in what a run asked for.
    pub fn fill(&self, last: Option<&RunSpec>) {
        let quality = last.and_then(|spec| spec.quality.as_ref());
        let n_chunks = quality.map_or(CHUNKS, |quality| quality.n_chunks);
        self.is_measured
            .set(last.map_or(self.is_usual, |spec| spec.quality.is_some()));
        self.chunks.set(n_chunks.to_string());
    }

    /// These variants with this choice and the settings of every run, as a
    /// request.
    pub fn request(&self, form: RunForm, recipes: Vec<Recipe>) -> Result<RunRequest, RunProblem> {
        let is_measured = self.is_measured.get();
        let quality_chunks = match is_measured {
            true => whole_number(Setting::QualityChunks, &self.chunks.get())?,
            false => None,
        };
        Ok(RunRequest {
            recipes: Some(recipes),
            quality: Some(is_measured),
            quality_chunks,
            evaluation_text: self.text.get().filter(|_| is_measured),
            ..form.request()?
        })
    }
}
