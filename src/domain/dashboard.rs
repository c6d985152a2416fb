//! All that the dashboard shows before anything is started.

use serde::{Deserialize, Serialize};

use super::background::Background;
use super::estimate::SpeedBasis;
use super::model::{LibraryListing, ModelId};
use super::preflight::Room;
use super::prompt::Prompt;
use super::run::{Run, RunSettings};

/// The dashboard's data, loaded at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Dashboard {
    /// The models.
    pub library: LibraryListing,
    /// What the user last chose.
    pub remembered: Remembered,
    /// The names of the prompt sets, in order.
    pub prompt_sets: Vec<String>,
    /// What is known of each model's speed, in the order of `library.models`.
    pub speeds: Vec<(ModelId, SpeedBasis)>,
    /// The runs that are queued or running: of each technique the one that was
    /// asked for last, newest first; none that nobody asked for.
    pub active: Vec<Run>,
    /// The latest finished run of each model and technique, newest first; failed
    /// ones too.
    pub latest: Vec<Run>,
    /// The machine.
    pub machine: Machine,
    /// The machine at this moment.
    pub room: Room,
    /// What is measured unasked.
    pub background: Background,
    /// What the user should know of this start of Whittle, one sentence each.
    pub notices: Vec<String>,
}

/// The user's last choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Remembered {
    /// Prompts.
    pub prompts: Vec<Prompt>,
    /// The prompt set that they are, if they are one.
    pub prompt_set: Option<String>,
    /// Settings, by model.
    pub settings: Vec<(ModelId, RunSettings)>,
}

/// The machine, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Machine {
    /// Processor's name.
    pub cpu_model: String,
    /// Physical cores, where the system says.
    pub physical_cores: Option<u32>,
    /// Logical cores.
    pub logical_cores: u32,
    /// Memory, MB = 10^6 bytes.
    pub total_memory_mb: f64,
    /// The crate that carries llama.cpp, and its version.
    pub engine_version: String,
    /// Where the user puts models, as shown.
    pub models_folder: String,
    /// Whether layers can be put on a GPU.
    pub has_gpu: bool,
}
