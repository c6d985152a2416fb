//! One iteration: a fresh worker, a warm-up, the prefill, every prompt.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::baseline::{Observation, Plan};
use super::gauges::{Gauges, Shared};
use crate::backend::{WorkerError, WorkerProcess};
use crate::domain::defaults;
use crate::domain::environment::{EngineInfo, LoadReport};
use crate::domain::event::{RunEvent, StageName};
use crate::domain::protocol::{LoadCommand, WorkerCommand, WorkerEvent};
use crate::domain::run::GenerationMode;
use crate::domain::sample::{Generation, LaunchSample, MemoryReading, Prefill, RequestSample};

/// What a launch gave.
pub(super) struct Launched {
    pub(super) engine: EngineInfo,
    pub(super) load: LoadReport,
    pub(super) launch: LaunchSample,
    pub(super) requests: Vec<RequestSample>,
}

/// A worker with its place in the run.
struct Launch<'a> {
    plan: &'a Plan,
    iteration: u32,
    worker: WorkerProcess,
    shared: &'a Arc<Mutex<Shared>>,
    observations: &'a mpsc::Sender<Observation>,
}

/// Measures one launch.
pub(super) async fn measure_launch(
    plan: &Plan,
    iteration: u32,
    shared: &Arc<Mutex<Shared>>,
    observations: &mpsc::Sender<Observation>,
) -> Result<Launched, WorkerError> {
    announce(shared, observations, StageName::Loading, iteration, None).await;
    let (worker, engine) = WorkerProcess::start(&plan.launcher).await?;
    let _gauges = Gauges::start(
        worker.pid(),
        plan.machine.logical_cores,
        Arc::clone(shared),
        observations.clone(),
    );
    let mut launch = Launch {
        plan,
        iteration,
        worker,
        shared,
        observations,
    };
    let load = launch.load().await?;
    launch.warm_up().await?;
    let prefill = launch.measured_prefill().await?;
    launch.memory(&WorkerCommand::ResetPeakMemory).await?;
    let requests = launch.requests().await?;
    let memory_measured = launch.memory(&WorkerCommand::ReadMemory).await?;
    launch.worker.stop().await;
    Ok(Launched {
        engine,
        launch: LaunchSample {
            iteration,
            load_s: load.load_s,
            memory_loaded: load.memory,
            memory_measured,
            prefill,
        },
        load,
        requests,
    })
}

impl Launch<'_> {
    async fn load(&mut self) -> Result<LoadReport, WorkerError> {
        let doing = "loading the model";
        let settings = &self.plan.spec.settings;
        let command = WorkerCommand::Load(LoadCommand {
            path: self.plan.path.to_string_lossy().into_owned(),
            n_ctx: defaults::N_CTX,
            n_batch: defaults::N_BATCH,
            n_ubatch: defaults::N_UBATCH,
            n_threads: self.plan.n_threads(),
            mmap: settings.mmap,
            n_gpu_layers: settings.n_gpu_layers,
        });
        match self.worker.ask(&command, doing, |_| ()).await? {
            WorkerEvent::Loaded(report) => {
                self.shared().progress.learn_load(&report);
                Ok(report)
            }
            other => Err(self.worker.unexpected(doing, &other)),
        }
    }

    /// The same work as what is measured, thrown away: pages are touched,
    /// caches and clocks are warm.
    async fn warm_up(&mut self) -> Result<(), WorkerError> {
        self.announce(StageName::WarmingUp, None).await;
        self.prefill().await?;
        let max_tokens = defaults::WARM_UP_TOKENS.min(self.plan.spec.settings.max_tokens);
        let prompt = self.plan.spec.prompts[0].clone();
        self.generate(prompt, max_tokens, GenerationMode::FixedLength)
            .await?;
        Ok(())
    }

    async fn measured_prefill(&mut self) -> Result<Prefill, WorkerError> {
        self.announce(StageName::Prefill, None).await;
        self.prefill().await
    }

    async fn requests(&mut self) -> Result<Vec<RequestSample>, WorkerError> {
        let settings = self.plan.spec.settings.clone();
        let mut samples = Vec::with_capacity(self.plan.spec.prompts.len());
        for (number, prompt) in (1..).zip(&self.plan.spec.prompts) {
            self.announce(StageName::Generating, Some(number)).await;
            let sample = RequestSample {
                iteration: self.iteration,
                prompt: number,
                generation: self
                    .generate(prompt.clone(), settings.max_tokens, settings.mode)
                    .await
                    .map_err(|error| naming_prompt(error, number))?,
            };
            self.observe(Observation::Request(sample.clone())).await;
            samples.push(sample);
        }
        Ok(samples)
    }

    async fn prefill(&mut self) -> Result<Prefill, WorkerError> {
        let doing = "processing the 512-token prefill";
        let command = WorkerCommand::Prefill {
            n_tokens: defaults::PREFILL_TOKENS,
        };
        match self.worker.ask(&command, doing, |_| ()).await? {
            WorkerEvent::Prefilled(prefill) => {
                self.shared().progress.learn_prefill(&prefill);
                Ok(prefill)
            }
            other => Err(self.worker.unexpected(doing, &other)),
        }
    }

    async fn generate(
        &mut self,
        prompt: String,
        max_tokens: u32,
        mode: GenerationMode,
    ) -> Result<Generation, WorkerError> {
        let doing = "generating";
        let command = WorkerCommand::Generate {
            prompt,
            max_tokens,
            mode,
        };
        let shared = Arc::clone(self.shared);
        let answer = self.worker.ask(&command, doing, |event| {
            if let WorkerEvent::Progress {
                n_generated,
                tokens_per_second,
            } = event
            {
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                shared.tokens_per_second = Some(*tokens_per_second);
                shared
                    .progress
                    .learn_tokens(*n_generated, *tokens_per_second);
            }
        });
        match answer.await? {
            WorkerEvent::Generated(generation) => {
                let mut shared = self.shared();
                shared.tokens_per_second = None;
                shared.progress.learn_generation(&generation);
                drop(shared);
                Ok(generation)
            }
            other => Err(self.worker.unexpected(doing, &other)),
        }
    }

    async fn memory(&mut self, command: &WorkerCommand) -> Result<MemoryReading, WorkerError> {
        let doing = "reading its memory";
        match self.worker.ask(command, doing, |_| ()).await? {
            WorkerEvent::Memory(memory) => Ok(memory),
            other => Err(self.worker.unexpected(doing, &other)),
        }
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn announce(&self, name: StageName, prompt: Option<u32>) {
        announce(self.shared, self.observations, name, self.iteration, prompt).await;
    }

    async fn observe(&self, observation: Observation) {
        // The receiver lives as long as the run; without it nobody listens.
        let _ = self.observations.send(observation).await;
    }
}

async fn announce(
    shared: &Mutex<Shared>,
    observations: &mpsc::Sender<Observation>,
    name: StageName,
    iteration: u32,
    prompt: Option<u32>,
) {
    let stage = {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.progress.enter(name, iteration, prompt)
    };
    let _ = observations
        .send(Observation::Event(RunEvent::Stage(stage)))
        .await;
}

/// Says which prompt a worker refused.
fn naming_prompt(error: WorkerError, number: u32) -> WorkerError {
    match error {
        WorkerError::Refused { kind, message, log } => WorkerError::Refused {
            kind,
            message: format!("prompt {number}: {message}"),
            log,
        },
        other => other,
    }
}
