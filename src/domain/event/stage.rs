//! The stages of a run.

use serde::{Deserialize, Serialize};

/// The parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// A pruned variant's file is made and checked, before anything is measured.
    Pruning,
    /// A quantized variant's file is made, before anything is measured.
    Quantizing,
    /// The worker starts and loads the model.
    Loading,
    /// A thrown-away request and prefill.
    WarmingUp,
    /// The standard prefill test.
    Prefill,
    /// A measured request.
    Generating,
    /// What the variants lost, after everything else is measured.
    Quality,
    /// Statistics and storing.
    Summarizing,
}

impl StageName {
    /// The words shown to people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pruning => "pruning",
            Self::Quantizing => "making the variant",
            Self::Loading => "loading the model",
            Self::WarmingUp => "warming up",
            Self::Prefill => "512-token prefill",
            Self::Generating => "measuring",
            Self::Quality => "measuring quality",
            Self::Summarizing => "summarizing",
        }
    }
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stage {
    /// The part of the run.
    pub name: StageName,
    /// Whose turn it is, where several arms are measured: `baseline`, `Q4_0`.
    #[serde(default)]
    pub arm: Option<String>,
    /// From 1.
    pub iteration: u32,
    /// In all.
    pub iterations: u32,
    /// From 1, while generating.
    pub prompt: Option<u32>,
    /// In all.
    pub prompts: u32,
    /// Share of the run that is behind, 0 to 1, by time.
    pub fraction_done: f64,
    /// Time left, s; none before anything is known of this model's speed.
    pub seconds_left: Option<f64>,
}
