//! A baseline run: one arm, as many fresh launches as asked for.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::gauges::Shared;
use super::launch::{Launched, measure_launch};
use super::machine::{MachineFacts, MachineLoad};
use super::progress::Progress;
use super::summary;
use crate::backend::{WorkerError, WorkerLauncher};
use crate::domain::benchmark::ArmResult;
use crate::domain::environment::Environment;
use crate::domain::estimate::SpeedBasis;
use crate::domain::event::{RunEvent, StageName};
use crate::domain::model::Model;
use crate::domain::run::RunSpec;
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
}

impl Plan {
    /// Threads of the engine.
    pub fn n_threads(&self) -> u32 {
        let asked = self.spec.settings.n_threads;
        asked.unwrap_or_else(|| self.machine.default_threads())
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

/// Measures the plan's model. Dropping the future ends the worker at once.
///
/// # Errors
/// When a worker fails; what was observed until then has been sent.
pub async fn measure_baseline(
    plan: &Plan,
    observations: &mpsc::Sender<Observation>,
) -> Result<Measured, WorkerError> {
    let before = MachineLoad::read();
    let shared = Arc::new(Mutex::new(Shared {
        progress: Progress::start(&plan.spec, plan.basis),
        tokens_per_second: None,
    }));
    let iterations = plan.spec.settings.iterations;
    let mut launches: Vec<Launched> = Vec::new();
    for iteration in 1..=iterations {
        let launched = measure_launch(plan, iteration, &shared, observations).await?;
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
    let measured = summary::summarize(plan, &launches, before, MachineLoad::read());
    for message in &measured.arm.warnings {
        let warning = RunEvent::Warning {
            message: message.clone(),
        };
        let _ = observations.send(Observation::Event(warning)).await;
    }
    Ok(measured)
}
