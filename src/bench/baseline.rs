//! A baseline run: one arm, as many fresh launches as asked for.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::gauges::Shared;
use super::launch::{Launched, Setting, measure_launch};
use super::machine::{MachineFacts, MachineLoad};
use super::progress::Progress;
use super::summary;
use crate::backend::{WorkerError, WorkerLauncher};
use crate::domain::benchmark::ArmResult;
use crate::domain::environment::Environment;
use crate::domain::estimate::SpeedBasis;
use crate::domain::event::{RunEvent, StageName};
use crate::domain::model::Model;
use crate::domain::preflight::preflight;
use crate::domain::run::{Failure, FailureKind, RunSpec};
use crate::domain::sample::{LaunchSample, RequestSample};

/// Everything that a run needs.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How workers are started.
    pub launcher: WorkerLauncher,
    /// The model.
    pub model: Model,
    /// Its file; checked by the library.
    pub path: PathBuf,
    /// What is asked for.
    pub spec: RunSpec,
    /// What is known of the model's speed.
    pub basis: SpeedBasis,
    /// The machine.
    pub machine: MachineFacts,
    /// Where the results will be stored.
    pub data_folder: PathBuf,
    /// Whether the run is watched: gauges, and progress while decoding. Off
    /// only to measure what watching costs.
    pub watched: bool,
}

impl Plan {
    /// Threads of the engine.
    pub fn n_threads(&self) -> u32 {
        let asked = self.spec.settings.n_threads;
        asked.unwrap_or_else(|| self.machine.default_threads())
    }
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// The model does not fit into the memory that is available now.
    #[error("{0}")]
    DoesNotFit(String),
    /// A worker failed.
    #[error(transparent)]
    Worker(#[from] WorkerError),
}

impl From<MeasureError> for Failure {
    fn from(error: MeasureError) -> Self {
        match error {
            MeasureError::Worker(error) => error.into(),
            MeasureError::DoesNotFit(message) => Self {
                kind: FailureKind::OutOfMemory,
                message,
                log_tail: Vec::new(),
            },
        }
    }
}

/// What a run says while it is measured, in order.
#[derive(Debug, Clone)]
pub enum Observation {
    /// For everyone who watches.
    Event(RunEvent),
    /// A request, raw.
    Request(RequestSample),
    /// A launch, raw.
    Launch(LaunchSample),
}

/// What a run gives.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The figures.
    pub arm: ArmResult,
    /// What they were measured on.
    pub environment: Environment,
}

/// Measures the plan's model, read from `model`. Dropping the future ends the worker at once.
///
/// # Errors
/// When the model does not fit, or a worker fails; what was observed until then has been sent.
pub async fn measure_baseline(
    plan: &Plan,
    model: &File,
    observations: &mpsc::Sender<Observation>,
) -> Result<Measured, MeasureError> {
    let before = MachineLoad::read();
    let room = plan.machine.room(before, &plan.data_folder);
    let found = preflight(&plan.model, &plan.spec.settings, &room);
    if let Some(refusal) = found.refusal {
        return Err(MeasureError::DoesNotFit(refusal));
    }
    let shared = Arc::new(Mutex::new(Shared {
        progress: Progress::start(&plan.spec, plan.basis),
        tokens_per_second: None,
    }));
    let iterations = plan.spec.settings.iterations;
    let setting = Setting {
        plan,
        model,
        memory_bytes: worker_memory(plan, before),
        shared: &shared,
        observations,
    };
    let mut launches: Vec<Launched> = Vec::new();
    for iteration in 1..=iterations {
        let launched = measure_launch(&setting, iteration).await?;
        let _ = observations
            .send(Observation::Launch(launched.launch.clone()))
            .await;
        launches.push(launched);
    }
    let stage = {
        let mut shared = shared
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        shared
            .progress
            .enter(StageName::Summarizing, iterations, None)
    };
    let _ = observations
        .send(Observation::Event(RunEvent::Stage(stage)))
        .await;
    let mut measured = summary::summarize(plan, &launches, before, MachineLoad::read()).await;
    measured.arm.warnings.extend(found.cautions);
    for message in &measured.arm.warnings {
        let warning = RunEvent::Warning {
            message: message.clone(),
        };
        let _ = observations.send(Observation::Event(warning)).await;
    }
    Ok(measured)
}

/// What threads reserve for their stacks and hardly use: llama.cpp checks the
/// tensors of a file in a thread each, 8 MiB of stack apiece.
pub(super) const STACKS_BYTES: u64 = 4 << 30;

/// Most private memory of a worker: what is available, so that a model which
/// needs far more fails instead of bringing the machine to a halt. Drivers of a
/// GPU reserve at will.
fn worker_memory(plan: &Plan, before: MachineLoad) -> Option<u64> {
    let available = (before.available_memory_mb * 1e6) as u64;
    let available = (available > 0 && plan.spec.settings.n_gpu_layers == 0)
        .then(|| available.saturating_add(STACKS_BYTES));
    plan.launcher.memory_bytes.or(available)
}
