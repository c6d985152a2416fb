//! The prompt sets as the form has them: their names, the chosen one, and the
//! step that can be taken back.

use leptos::prelude::*;

use super::state::RunForm;
use crate::domain::dashboard::Remembered;
use crate::domain::error::AppError;
use crate::domain::order::in_order;
use crate::domain::prompt::Prompt;
use crate::domain::prompt_set::PromptSet;

/// Where the form's prompts come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// They were written here and not saved.
    Own,
    /// The built-in set.
    Default,
    /// A saved set, as it is stored.
    Saved(PromptSet),
}

impl Chosen {
    /// The prompts of the set as stored.
    pub fn prompts(&self) -> Option<Vec<Prompt>> {
        match self {
            Self::Own => None,
            Self::Default => Some(Prompt::defaults()),
            Self::Saved(set) => Some(set.prompts.clone()),
        }
    }

    /// The saved set's name.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Saved(set) => Some(&set.name),
            Self::Own | Self::Default => None,
        }
    }
}

/// What a user chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The built-in set.
    Default,
    /// The saved set of this name.
    Saved(String),
}

/// A step that can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// Prompts that were nowhere saved were replaced; they came from there.
    Replaced(Vec<Prompt>, Chosen),
    /// The set was deleted.
    Deleted(PromptSet),
}

/// What the server is asked when the user acts.
#[derive(Clone, Copy)]
pub struct SetActions {
    /// Fills the form with a set.
    pub choose: Callback<Wanted>,
    /// Saves the form's prompts under a name.
    pub save: Callback<String>,
    /// Deletes the chosen set.
    pub delete: Callback<()>,
    /// Takes the last step back.
    pub undo: Callback<()>,
}

/// The sets, and what is being done to them.
#[derive(Clone, Copy)]
pub struct PromptSets {
    /// The names of the saved sets, in order.
    pub names: RwSignal<Vec<String>>,
    /// Where the prompts come from.
    pub chosen: RwSignal<Chosen>,
    /// The step that can be taken back.
    pub undo: RwSignal<Option<Undo>>,
    /// Whether a name is being written.
    pub is_naming: RwSignal<bool>,
    /// Whether an answer is awaited.
    pub is_busy: RwSignal<bool>,
    /// Why the last step failed.
    pub problem: RwSignal<Option<AppError>>,
}

impl PromptSets {
    /// With the set that the remembered prompts are, if they are one.
    pub fn new(names: Vec<String>, remembered: &Remembered) -> Self {
        let prompts = remembered.prompts.clone();
        let chosen = match &remembered.prompt_set {
            _ if prompts == Prompt::defaults() => Chosen::Default,
            Some(name) => Chosen::Saved(PromptSet {
                name: name.clone(),
                prompts,
            }),
            None => Chosen::Own,
        };
        Self {
            names: RwSignal::new(names),
            chosen: RwSignal::new(chosen),
            undo: RwSignal::new(None),
            is_naming: RwSignal::new(false),
            is_busy: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }

    /// Whether the form's prompts are no longer those of their set.
    pub fn is_changed(&self, form: RunForm) -> bool {
        let stored = self.chosen.with(Chosen::prompts);
        stored.is_some_and(|stored| stored != form.written_prompts())
    }

    /// Keeps the form's prompts for `Undo`, where they are saved nowhere.
    pub fn keep_unsaved(&self, form: RunForm) {
        let written = untrack(|| form.written_prompts());
        let chosen = self.chosen.get_untracked();
        let is_saved = chosen.prompts().is_some_and(|stored| stored == written);
        let is_blank = written.iter().all(|prompt| prompt.text.trim().is_empty());
        let undo = (!is_saved && !is_blank).then_some(Undo::Replaced(written, chosen));
        self.undo.set(undo);
    }

    /// Puts a set among the others, in order.
    pub fn add(&self, set: PromptSet) {
        self.names.update(|names| {
            names.retain(|name| *name != set.name);
            names.push(set.name.clone());
            *names = in_order(std::mem::take(names), |name| name.to_ascii_lowercase());
        });
        self.chosen.set(Chosen::Saved(set));
    }
}
