//! One iteration: a fresh worker, a warm-up, the prefill, every prompt.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::baseline::{Observation, Plan};
use super::gauges::{Gauges, Shared};
use super::machine::MachineCpu;
use crate::backend::{Grant, Introduction, WorkerError, WorkerProcess};
use crate::domain::defaults;
use crate::domain::environment::LoadReport;
use crate::domain::event::{RunEvent, StageName};
use crate::domain::protocol::{LoadCommand, WorkerCommand, WorkerEvent};
use crate::domain::run::GenerationMode;
use crate::domain::sample::{Generation, LaunchSample, MemoryReading, Prefill, RequestSample};

/// What a launch gave.
pub(super) struct Launched {
    pub(super) introduction: Introduction,
    pub(super) load: LoadReport,
    pub(super) launch: LaunchSample,
    pub(super) requests: Vec<RequestSample>,
}

/// What all launches of a run share.
pub(super) struct Setting<'a> {
    pub(super) plan: &'a Plan,
    /// The model, open.
    pub(super) model: &'a File,
    /// Most private memory of a worker.
    pub(super) memory_bytes: Option<u64>,
    pub(super) shared: &'a Arc<Mutex<Shared>>,
    pub(super) observations: &'a mpsc::Sender<Observation>,
}

/// A worker with its place in the run.
struct Launch<'a> {
    setting: &'a Setting<'a>,
    iteration: u32,
    worker: WorkerProcess,
}

/// Measures one launch.
pub(super) async fn measure_launch(
    setting: &Setting<'_>,
    iteration: u32,
) -> Result<Launched, WorkerError> {
    setting.announce(StageName::Loading, iteration, None).await;
    let grant = Grant {
        model: Some(setting.model.try_clone().map_err(WorkerError::Start)?),
        memory_bytes: setting.memory_bytes,
        ..Grant::default()
    };
    let (worker, introduction) = WorkerProcess::start(&setting.plan.launcher, grant).await?;
    let _gauges = setting.plan.watched.then(|| {
        Gauges::start(
            worker.pid(),
            setting.plan.machine.logical_cores,
            Arc::clone(setting.shared),
            setting.observations.clone(),
        )
    });
    let mut launch = Launch {
        setting,
        iteration,
        worker,
    };
    let load = launch.load().await?;
    launch.warm_up().await?;
    let prefill = launch.measured_prefill().await?;
    launch.memory(&WorkerCommand::ResetPeakMemory).await?;
    let mut machine_cpu = MachineCpu::start();
    let start = Instant::now();
    let requests = launch.requests().await?;
    let requests_wall_s = start.elapsed().as_secs_f64();
    let machine_cpu_percent = machine_cpu.percent();
    let memory_measured = launch.memory(&WorkerCommand::ReadMemory).await?;
    launch.worker.stop().await;
    Ok(Launched {
        introduction,
        launch: LaunchSample {
            iteration,
            load_s: load.load_s,
            memory_loaded: load.memory,
            memory_measured,
            prefill,
            requests_wall_s: Some(requests_wall_s),
            machine_cpu_percent,
        },
        load,
        requests,
    })
}

impl Launch<'_> {
    async fn load(&mut self) -> Result<LoadReport, WorkerError> {
        let doing = "loading the model";
        let settings = &self.setting.plan.spec.settings;
        let command = WorkerCommand::Load(LoadCommand {
            path: Grant::model_path(&self.setting.plan.path),
            n_ctx: settings.n_ctx,
            n_batch: settings.n_batch,
            n_ubatch: settings.n_ubatch,
            n_threads: self.setting.plan.n_threads(),
            mmap: settings.mmap,
            n_gpu_layers: settings.n_gpu_layers,
            flash_attention: settings.flash_attention,
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
        let settings = &self.setting.plan.spec.settings;
        let max_tokens = defaults::WARM_UP_TOKENS.min(settings.max_tokens);
        for _ in 0..settings.warm_ups {
            self.announce(StageName::WarmingUp, None).await;
            self.prefill().await?;
            let prompt = self.setting.plan.spec.prompts[0].text.clone();
            self.generate(prompt, max_tokens, GenerationMode::FixedLength)
                .await
                .map_err(|error| naming_prompt(error, 1))?;
        }
        Ok(())
    }

    async fn measured_prefill(&mut self) -> Result<Prefill, WorkerError> {
        self.announce(StageName::Prefill, None).await;
        settle().await;
        self.prefill().await
    }

    async fn requests(&mut self) -> Result<Vec<RequestSample>, WorkerError> {
        let settings = self.setting.plan.spec.settings.clone();
        let mut samples = Vec::with_capacity(self.setting.plan.spec.prompts.len());
        for (number, prompt) in (1..).zip(&self.setting.plan.spec.prompts) {
            self.announce(StageName::Generating, Some(number)).await;
            settle().await;
            let sample = RequestSample {
                iteration: self.iteration,
                prompt: number,
                generation: self
                    .generate(prompt.text.clone(), settings.max_tokens, settings.mode)
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
            progress: self.setting.plan.watched,
        };
        let shared = Arc::clone(self.setting.shared);
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
        self.setting
            .shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn announce(&self, name: StageName, prompt: Option<u32>) {
        self.setting.announce(name, self.iteration, prompt).await;
    }

    async fn observe(&self, observation: Observation) {
        // The receiver lives as long as the run; without it nobody listens.
        let _ = self.setting.observations.send(observation).await;
    }
}

impl Setting<'_> {
    async fn announce(&self, name: StageName, iteration: u32, prompt: Option<u32>) {
        let stage = {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.progress.enter(name, iteration, prompt)
        };
        let stage = Observation::Event(RunEvent::Stage(stage));
        let _ = self.observations.send(stage).await;
    }
}

/// Leaves a moment to whoever watches.
async fn settle() {
    tokio::time::sleep(Duration::from_secs_f64(defaults::SETTLE_S)).await;
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
