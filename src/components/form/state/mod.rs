//! The raw input of the form, checked once after a change; the domain alone says
//! whether it is valid.

mod reading;

use leptos::prelude::*;

use super::prompt_field::PromptField;
use crate::domain::dashboard::Remembered;
use crate::domain::model::ModelId;
use crate::domain::prompt::Prompt;
use crate::domain::run::{
    FlashAttention, GenerationMode, RunProblem, RunRequest, RunSettings, RunSpec,
};

pub(in crate::components) use reading::whole_number;

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
    /// Layers on a GPU.
    pub n_gpu_layers: RwSignal<String>,
    /// Context length.
    pub n_ctx: RwSignal<String>,
    /// Logical batch.
    pub n_batch: RwSignal<String>,
    /// Physical batch.
    pub n_ubatch: RwSignal<String>,
    /// Fused attention.
    pub flash_attention: RwSignal<FlashAttention>,
    /// Thrown-away rounds.
    pub warm_ups: RwSignal<String>,
    /// Patterns that the server refused, each with the reason: it alone knows.
    refused: RwSignal<Vec<(String, String)>>,
    /// All of it as a request: read once after a change, whoever looks.
    asked: Memo<Result<RunRequest, RunProblem>>,
    /// The same as a run, checked once.
    checked: Memo<Result<RunSpec, RunProblem>>,
    /// What is wrong with it; none: nothing.
    problem: Memo<Option<RunProblem>>,
    /// Whether layers can be put on a GPU.
    has_gpu: bool,
    /// What was chosen last, by model.
    remembered: StoredValue<Vec<(ModelId, RunSettings)>>,
    next_key: StoredValue<u32>,
}

impl RunForm {
    /// Filled with what the user chose last; `has_gpu` is whether this Whittle was
    /// built for a GPU.
    pub fn new(remembered: &Remembered, model: Option<ModelId>, has_gpu: bool) -> Self {
        let text = || RwSignal::new(String::new());
        let mut form = Self {
            model: RwSignal::new(model),
            prompts: RwSignal::new(Vec::new()),
            iterations: text(),
            max_tokens: text(),
            mode: RwSignal::new(GenerationMode::default()),
            n_threads: text(),
            mmap: RwSignal::new(false),
            n_gpu_layers: text(),
            n_ctx: text(),
            n_batch: text(),
            n_ubatch: text(),
            flash_attention: RwSignal::new(FlashAttention::default()),
            warm_ups: text(),
            refused: RwSignal::new(Vec::new()),
            asked: Memo::new(|_| Err(RunProblem::NoPrompt)),
            checked: Memo::new(|_| Err(RunProblem::NoPrompt)),
            problem: Memo::new(|_| None),
            has_gpu,
            remembered: StoredValue::new(remembered.settings.clone()),
            next_key: StoredValue::new(0),
        };
        // They read what is typed through a copy, whose own are read by nobody.
        let typed = form;
        let asked = Memo::new(move |_| typed.read());
        let checked = Memo::new(move |_| asked.get().and_then(RunSpec::try_from));
        form.asked = asked;
        form.checked = checked;
        form.problem = Memo::new(move |_| checked.with(|spec| spec.as_ref().err().cloned()));
        form.set_prompts(&remembered.prompts);
        form.load_settings();
        form
    }

    /// Fills in what was last chosen for the chosen model, else the defaults.
    pub fn load_settings(&self) {
        let chosen = self.model.get_untracked();
        let settings = self.remembered.with_value(|known| {
            let of_model = |(id, _): &&(ModelId, RunSettings)| Some(id) == chosen.as_ref();
            known
                .iter()
                .find(of_model)
                .map(|(_, settings)| settings.clone())
        });
        self.fill(&settings.unwrap_or_default());
    }

    /// Keeps the present settings for the chosen model, where they are valid.
    pub fn keep_settings(&self) {
        let chosen = self.model.get_untracked();
        if let (Some(model), Ok(spec)) = (chosen, untrack(|| self.spec())) {
            self.remembered.update_value(|known| {
                known.retain(|(id, _)| *id != model);
                known.push((model, spec.settings));
            });
        }
    }

    fn fill(&self, settings: &RunSettings) {
        let n_threads = settings.n_threads.map(|n| n.to_string());
        self.iterations.set(settings.iterations.to_string());
        self.max_tokens.set(settings.max_tokens.to_string());
        self.mode.set(settings.mode);
        self.n_threads.set(n_threads.unwrap_or_default());
        self.mmap.set(settings.mmap);
        self.n_gpu_layers.set(settings.n_gpu_layers.to_string());
        self.n_ctx.set(settings.n_ctx.to_string());
        self.n_batch.set(settings.n_batch.to_string());
        self.n_ubatch.set(settings.n_ubatch.to_string());
        self.flash_attention.set(settings.flash_attention);
        self.warm_ups.set(settings.warm_ups.to_string());
    }

    /// Adds an empty prompt at the end and says its key.
    pub fn add_prompt(&self) -> u32 {
        let field = self.new_field(&Prompt::from(""));
        self.prompts.update(|prompts| prompts.push(field));
        field.key
    }

    /// Puts these in place of all prompts.
    pub fn set_prompts(&self, prompts: &[Prompt]) {
        let fields = prompts
            .iter()
            .map(|prompt| self.new_field(prompt))
            .collect();
        self.prompts.set(fields);
    }

    fn new_field(&self, prompt: &Prompt) -> PromptField {
        let key = self.next_key.get_value();
        self.next_key.set_value(key + 1);
        PromptField::new(key, prompt)
    }

    /// The prompts as written.
    pub fn written_prompts(&self) -> Vec<Prompt> {
        let written =
            |prompts: &Vec<PromptField>| prompts.iter().map(PromptField::prompt).collect();
        self.prompts.with(written)
    }

    /// Removes the prompt with this key.
    pub fn remove_prompt(&self, key: u32) {
        self.prompts
            .update(|prompts| prompts.retain(|prompt| prompt.key != key));
    }

    /// The input as a request; an error where a number is none.
    pub fn request(&self) -> Result<RunRequest, RunProblem> {
        self.asked.get()
    }

    /// The input as a valid request for a run, or what is wrong with it.
    pub fn spec(&self) -> Result<RunSpec, RunProblem> {
        self.checked.get()
    }

    /// What is wrong with the input; none: nothing.
    pub fn problem(self) -> Memo<Option<RunProblem>> {
        self.problem
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::domain::run::Setting;

    pub(super) fn form() -> RunForm {
        let remembered = Remembered {
            prompts: Prompt::defaults(),
            prompt_set: None,
            settings: Vec::new(),
        };
        RunForm::new(&remembered, None, false)
    }

    #[test]
    fn a_change_is_seen_at_once_by_all_who_look() {
        Owner::new().with(|| {
            let form = form();
            let looks = [form.problem(), form.problem()];
            assert_eq!(looks.map(|problem| problem.get_untracked()), [None, None]);
            form.iterations.set("three".to_owned());
            let wrong = RunProblem::NotANumber {
                setting: Setting::Iterations,
                text: "three".to_owned(),
            };
            assert_eq!(untrack(|| form.spec()), Err(wrong.clone()));
            assert_eq!(untrack(|| form.request()), Err(wrong.clone()));
            let said = looks.map(|problem| problem.get_untracked());
            assert_eq!(said, [Some(wrong.clone()), Some(wrong)]);
            form.iterations.set("3".to_owned());
            assert_eq!(looks[0].get_untracked(), None);
        });
    }
}
