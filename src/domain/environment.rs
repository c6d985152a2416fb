//! The machine and the settings that a run was measured on.

use serde::{Deserialize, Serialize};

use super::units;

/// What the engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EngineInfo {
    /// The crate that carries llama.cpp, and its version.
    pub version: String,
    /// llama.cpp's system-info line: the instruction sets it was compiled for.
    pub system_info: String,
    /// Back ends the binary was built with: `CPU`, `CUDA`, `Metal`, `Vulkan`.
    pub built_with: Vec<String>,
    /// Instruction sets that this processor has and the engine was not
    /// compiled for: a reason for figures below llama.cpp's own.
    pub missing_instruction_sets: Vec<String>,
}

impl EngineInfo {
    /// The back ends, and in brackets what its system-info line says is on.
    fn built_with_in_words(&self) -> String {
        let parts = self.system_info.split(['|', ':']);
        let is_on: Vec<&str> = parts
            .filter_map(|part| part.trim().strip_suffix(" = 1"))
            .collect();
        let built_with = self.built_with.join(", ");
        match is_on.is_empty() {
            true => built_with,
            false => format!("{built_with} ({})", is_on.join(", ")),
        }
    }
}

/// What native code in a worker can reach beside its model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Sandbox {
    /// Its model and its output folder; no network.
    Full,
    /// Some things more.
    Partial {
        /// Which, and why.
        reason: String,
    },
    /// All that the user can.
    Off {
        /// Why.
        reason: String,
    },
}

/// What the engine said when it had loaded a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Loading the model and making the context, s.
    pub load_s: f64,
    /// The device that computes: `CPU`, or a GPU's name with the layers on it.
    pub device: String,
    /// Threads used.
    pub n_threads: u32,
    /// Whether flash attention is used, in the engine's words.
    pub flash_attention: String,
    /// How the prompt is dressed, and a note when the raw prompt is used.
    pub chat_template: ChatTemplate,
    /// Memory right after loading.
    pub memory: super::sample::MemoryReading,
    /// How much of it lies in huge pages, bytes; none where the system does not
    /// tell.
    #[serde(default)]
    pub huge_pages_bytes: Option<u64>,
}

/// How prompts are dressed before they reach the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChatTemplate {
    /// The model's own template, one that llama.cpp knows.
    Applied,
    /// The raw prompt, for this reason.
    RawPrompt(String),
}

/// Everything recorded beside the figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    /// Whittle's version.
    pub whittle_version: String,
    /// The engine.
    pub engine: EngineInfo,
    /// The device that computed.
    pub device: String,
    /// Processor's name.
    pub cpu_model: String,
    /// Physical cores, where the system says.
    pub physical_cores: Option<u32>,
    /// Logical cores: the denominator of CPU usage.
    pub logical_cores: u32,
    /// Memory of the machine, MB = 10^6 bytes.
    pub total_memory_mb: f64,
    /// Memory available before the run, MB.
    pub available_memory_mb: f64,
    /// Operating system and kernel.
    pub system: String,
    /// Threads of the engine.
    pub n_threads: u32,
    /// Context length, tokens.
    pub n_ctx: u32,
    /// Logical batch, tokens.
    pub n_batch: u32,
    /// Physical batch, tokens.
    pub n_ubatch: u32,
    /// Flash attention, in the engine's words.
    pub flash_attention: String,
    /// Types of the KV cache, keys then values.
    pub kv_types: String,
    /// Whether the file was mapped.
    pub mmap: bool,
    /// Whether weights may be repacked for the processor.
    pub repack: bool,
    /// Memory of a worker in huge pages once the model was loaded, MB; none where
    /// the system does not tell.
    #[serde(default)]
    pub huge_pages_mb: Option<f64>,
    /// Layers on a GPU.
    pub n_gpu_layers: u32,
    /// Thrown-away rounds at the start of every launch.
    #[serde(default = "one")]
    pub warm_ups: u32,
    /// How prompts were dressed.
    pub chat_template: ChatTemplate,
    /// One-minute load average before the run.
    pub load_average_before: Option<f64>,
    /// One-minute load average after the run.
    pub load_average_after: Option<f64>,
    /// Swap in use before the run, MB.
    pub swap_used_before_mb: f64,
    /// Swap in use after the run, MB.
    pub swap_used_after_mb: f64,
    /// Memory that was swapped out during the run, whether or not it came back, MB;
    /// none where the system does not tell.
    #[serde(default)]
    pub swapped_out_mb: Option<f64>,
    /// Time that the machine slept during the run, s; none where the system
    /// does not tell.
    #[serde(default)]
    pub slept_s: Option<f64>,
    /// Page faults read from disk during the measured requests.
    pub major_page_faults: Option<u64>,
    /// Frequency governor, where readable.
    pub cpu_governor: Option<String>,
    /// What the workers could reach; none in runs of older versions.
    #[serde(default)]
    pub sandbox: Option<Sandbox>,
    /// SHA-256 of the model's file.
    pub model_sha256: String,
}

impl Environment {
    /// What computed, and what the engine was built with and for, in one line.
    pub fn in_words(&self) -> String {
        format!(
            "{}, {} of {}; {}, built with {}",
            self.device,
            units::plural(self.n_threads.into(), "thread", "threads"),
            self.cpu_model,
            self.engine.version,
            self.engine.built_with_in_words()
        )
    }
}

/// What versions did that did not record it.
fn one() -> u32 {
    1
}

/// The crate that carries llama.cpp, and its version.
pub const ENGINE_VERSION: &str = concat!("llama-cpp-sys-2 ", env!("LLAMA_CPP_SYS_VERSION"));

#[cfg(test)]
impl Environment {
    /// A quiet machine.
    pub(crate) fn sample() -> Self {
        Self {
            whittle_version: "1".to_owned(),
            engine: EngineInfo {
                version: "llama.cpp 2".to_owned(),
                system_info: "CPU : AVX = 1 | AVX2 = 1 | AVX512 = 0 | REPACK = 1".to_owned(),
                built_with: vec!["CPU".to_owned()],
                missing_instruction_sets: Vec::new(),
            },
            device: "CPU".to_owned(),
            cpu_model: "Processor 3".to_owned(),
            physical_cores: Some(2),
            logical_cores: 4,
            total_memory_mb: 8000.0,
            available_memory_mb: 6000.0,
            system: "Linux".to_owned(),
            n_threads: 2,
            n_ctx: 2048,
            n_batch: 2048,
            n_ubatch: 512,
            flash_attention: "on".to_owned(),
            kv_types: "F16, F16".to_owned(),
            mmap: false,
            repack: true,
            huge_pages_mb: None,
            n_gpu_layers: 0,
            warm_ups: 1,
            chat_template: ChatTemplate::Applied,
            load_average_before: None,
            load_average_after: None,
            swap_used_before_mb: 0.0,
            swap_used_after_mb: 0.0,
            swapped_out_mb: Some(0.0),
            slept_s: Some(0.0),
            major_page_faults: Some(0),
            cpu_governor: None,
            sandbox: None,
            model_sha256: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_what_computed_and_what_the_engine_was_built_for() {
        let mut environment = Environment::sample();
        assert_eq!(
            environment.in_words(),
            "CPU, 2 threads of Processor 3; llama.cpp 2, built with CPU (AVX, AVX2, REPACK)"
        );
        environment.engine.system_info = String::new();
        assert!(environment.in_words().ends_with("built with CPU"));
    }
}
