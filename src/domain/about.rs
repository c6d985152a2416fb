//! What this Whittle is and what it runs on.

use serde::{Deserialize, Serialize};

use super::background::Background;
use super::environment::{EngineInfo, Sandbox};
use super::preflight::Room;

/// The facts of the settings page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct About {
    /// Whittle's version.
    pub whittle_version: String,
    /// The engine, as a worker says.
    pub engine: EngineInfo,
    /// What a worker can reach.
    pub sandbox: Sandbox,
    /// Processor's name.
    pub cpu_model: String,
    /// Physical cores, where the system says.
    pub physical_cores: Option<u32>,
    /// Threads that a run gets unless it asks for others.
    pub default_threads: u32,
    /// Operating system and kernel.
    pub system: String,
    /// Frequency governor, where readable.
    pub cpu_governor: Option<String>,
    /// The machine at this moment.
    pub room: Room,
    /// Where the history and the user's models are, as shown.
    pub data_folder: String,
    /// What is measured unasked.
    pub background: Background,
}
