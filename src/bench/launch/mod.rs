//! One launch of one arm: a fresh worker, a warm-up, the prefill, requests.

mod prompts;

use std::time::Duration;

use super::plan::{Arm, Observation, Plan};
use super::schedule::Schedule;
use super::watch::Watch;
use crate::backend::{Grant, Introduction, WorkerError, WorkerProcess};
use crate::domain::defaults;
use crate::domain::environment::LoadReport;
use crate::domain::protocol::{LoadCommand, WorkerCommand, WorkerEvent};
use crate::domain::sample::{LaunchSample, MemoryReading, Prefill, RequestSample};

pub(super) use prompts::Turn;

/// What a launch gave.
pub(super) struct Launched {
    pub(super) introduction: Introduction,
    pub(super) load: LoadReport,
    pub(super) launch: LaunchSample,
    pub(super) requests: Vec<RequestSample>,
    /// CPU time of all workers of Whittle's while these requests were measured,
    /// s: those of other arms took turns with this one.
    pub(super) workers_cpu_s: f64,
    /// CPU time of the server meanwhile, s.
    pub(super) server_cpu_s: f64,
}

/// What all launches of a run share.
pub(super) struct Setting<'a> {
    pub(super) plan: &'a Plan,
    /// The models, the baseline first.
    pub(super) arms: &'a [Arm],
    pub(super) schedule: Schedule,
    /// Most private memory of a worker.
    pub(super) memory_bytes: Option<u64>,
    pub(super) watch: &'a Watch<'a>,
}

/// A worker that is up, with its place in the run.
pub(super) struct Launch<'a> {
    setting: &'a Setting<'a>,
    arm: usize,
    iteration: u32,
    worker: WorkerProcess,
    introduction: Introduction,
    load: LoadReport,
    prefill: Prefill,
    requests: Vec<RequestSample>,
}

/// What the requests of workers that took turns had of the machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// Wall time, s.
    pub(super) wall_s: f64,
    /// Use of the processor by all programs, %.
    pub(super) machine_cpu_percent: Option<f64>,
    /// CPU time of the workers, s.
    pub(super) workers_cpu_s: f64,
    /// CPU time of the program that drives them, s.
    pub(super) server_cpu_s: f64,
}

impl<'a> Launch<'a> {
    /// Starts a worker that loads the arm's model.
    pub(super) async fn start(
        setting: &'a Setting<'a>,
        arm: usize,
        iteration: u32,
    ) -> Result<Self, WorkerError> {
        let Arm { file, path, .. } = &setting.arms[arm];
        let grant = Grant {
            model: Some(file.try_clone().map_err(WorkerError::Start)?),
            memory_bytes: setting.memory_bytes,
            ..Grant::default()
        };
        let (mut worker, introduction) =
            WorkerProcess::start(&setting.plan.launcher, grant).await?;
        {
            let mut shared = setting.watch.shared();
            shared.workers.push(worker.pid());
            shared.turn = Some(worker.pid());
        }
        let doing = "loading the model";
        let settings = &setting.plan.spec.settings;
        let command = WorkerCommand::Load(LoadCommand {
            path: Grant::model_path(path),
            n_ctx: settings.n_ctx,
            n_batch: settings.n_batch,
            n_ubatch: settings.n_ubatch,
            n_threads: setting.plan.n_threads(),
            mmap: settings.mmap,
            n_gpu_layers: settings.n_gpu_layers,
            flash_attention: settings.flash_attention,
        });
        let load = match worker.ask(&command, doing, |_| ()).await? {
            WorkerEvent::Loaded(report) => report,
            other => return Err(worker.unexpected(doing, &other)),
        };
        setting.watch.shared().progress.learn_load(arm, &load);
        Ok(Self {
            setting,
            arm,
            iteration,
            worker,
            introduction,
            load,
            prefill: Prefill {
                n_tokens: 0,
                elapsed_s: 0.0,
            },
            requests: Vec::new(),
        })
    }

    /// The gauges show this worker from now on.
    pub(super) fn take_turn(&self) {
        self.setting.watch.shared().turn = Some(self.worker.pid());
    }

    /// The standard prefill; the peak of memory counts from here on.
    pub(super) async fn measure_prefill(&mut self) -> Result<(), WorkerError> {
        settle().await;
        let doing = "processing the prefill";
        self.prefill = self
            .process_prefill(defaults::PREFILL_TOKENS, doing)
            .await?;
        self.memory(&WorkerCommand::ResetPeakMemory).await?;
        Ok(())
    }

    /// CPU time of its requests so far, and between its turns, s.
    pub(super) fn cpu_s(&self) -> f64 {
        let of_request = |request: &RequestSample| {
            request.generation.cpu_s + request.generation.cpu_between_turns_s
        };
        self.requests.iter().map(of_request).sum()
    }

    /// Ends the worker and says what it gave.
    pub(super) async fn stop(mut self, stretch: Stretch) -> Result<Launched, WorkerError> {
        let memory_measured = self.memory(&WorkerCommand::ReadMemory).await?;
        {
            let mut shared = self.setting.watch.shared();
            shared.workers.retain(|pid| *pid != self.worker.pid());
            shared.turn = shared.turn.filter(|pid| *pid != self.worker.pid());
        }
        self.worker.stop().await;
        let launch = LaunchSample {
            iteration: self.iteration,
            load_s: self.load.load_s,
            memory_loaded: self.load.memory,
            memory_measured,
            prefill: self.prefill,
            requests_wall_s: Some(stretch.wall_s),
            machine_cpu_percent: stretch.machine_cpu_percent,
        };
        let observation = Observation::Launch {
            position: position(self.arm),
            launch: launch.clone(),
        };
        self.setting.watch.say(observation).await;
        Ok(Launched {
            introduction: self.introduction,
            load: self.load,
            launch,
            requests: self.requests,
            workers_cpu_s: stretch.workers_cpu_s,
            server_cpu_s: stretch.server_cpu_s,
        })
    }

    async fn process_prefill(
        &mut self,
        n_tokens: u32,
        doing: &'static str,
    ) -> Result<Prefill, WorkerError> {
        let command = WorkerCommand::Prefill { n_tokens };
        match self.worker.ask(&command, doing, |_| ()).await? {
            WorkerEvent::Prefilled(prefill) => {
                let mut shared = self.setting.watch.shared();
                shared.progress.learn_prefill(self.arm, &prefill);
                Ok(prefill)
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
}

/// An arm's place as it is stored.
fn position(arm: usize) -> u32 {
    u32::try_from(arm).unwrap_or(u32::MAX)
}

/// Leaves a moment to whoever watches, and to the threads of the arm before.
async fn settle() {
    tokio::time::sleep(Duration::from_secs_f64(defaults::SETTLE_S)).await;
}
