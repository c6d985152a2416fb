//! One launch of one arm: a fresh worker, a warm-up, the prefill, requests.

use std::sync::Arc;
use std::time::Duration;

use super::plan::{Arm, Observation, Plan};
use super::schedule::Schedule;
use super::watch::Watch;
use crate::backend::{Grant, Introduction, WorkerError, WorkerProcess};
use crate::domain::defaults;
use crate::domain::environment::LoadReport;
use crate::domain::protocol::{LoadCommand, WorkerCommand, WorkerEvent};
use crate::domain::run::GenerationMode;
use crate::domain::sample::{Generation, LaunchSample, MemoryReading, Prefill, RequestSample};

/// What a launch gave.
pub(super) struct Launched {
    pub(super) introduction: Introduction,
    pub(super) load: LoadReport,
    pub(super) launch: LaunchSample,
    pub(super) requests: Vec<RequestSample>,
    /// CPU time of all workers of Whittle's while these requests were measured,
    /// s: those of other arms took turns with this one.
    pub(super) workers_cpu_s: f64,
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

/// How an arm's turn at a prompt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The prompt is not answered yet.
    Over,
    /// The prompt is answered, and the answer is told.
    Answered,
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

    /// The same work as what is measured, thrown away: pages are touched,
    /// caches and clocks are warm.
    pub(super) async fn warm_up(&mut self) -> Result<(), WorkerError> {
        let spec = &self.setting.plan.spec;
        let max_tokens = defaults::WARM_UP_TOKENS.min(spec.settings.max_tokens);
        self.process_prefill().await?;
        let prompt = spec.prompts[0].text.clone();
        let mode = GenerationMode::FixedLength;
        let command = self.generate(prompt, max_tokens, mode, None);
        let warmed_up = self.ask_for_tokens(&command).await;
        warmed_up.map_err(|error| naming_prompt(error, 1))?;
        Ok(())
    }

    /// The standard prefill; the peak of memory counts from here on.
    pub(super) async fn measure_prefill(&mut self) -> Result<(), WorkerError> {
        settle().await;
        self.prefill = self.process_prefill().await?;
        self.memory(&WorkerCommand::ResetPeakMemory).await?;
        Ok(())
    }

    /// Answers a prompt, counted from 1.
    pub(super) async fn request(&mut self, number: u32) -> Result<(), WorkerError> {
        settle().await;
        let command = self.request_command(number, None);
        self.turn(number, &command).await.map(|_| ())
    }

    /// Takes the first turn at a prompt, counted from 1.
    pub(super) async fn begin(&mut self, number: u32) -> Result<Turn, WorkerError> {
        settle().await;
        let command = self.request_command(number, Some(defaults::TURN_TOKENS));
        self.turn(number, &command).await
    }

    /// Takes another turn at the prompt.
    pub(super) async fn go_on(&mut self, number: u32) -> Result<Turn, WorkerError> {
        tokio::time::sleep(Duration::from_secs_f64(defaults::TURN_SETTLE_S)).await;
        self.turn(number, &WorkerCommand::GoOn).await
    }

    /// Generates until the prompt is answered or the turn is over.
    async fn turn(&mut self, number: u32, command: &WorkerCommand) -> Result<Turn, WorkerError> {
        let generated = self.ask_for_tokens(command).await;
        let Some(generation) = generated.map_err(|error| naming_prompt(error, number))? else {
            return Ok(Turn::Over);
        };
        let sample = RequestSample {
            iteration: self.iteration,
            prompt: number,
            generation,
        };
        self.requests.push(sample.clone());
        let observation = Observation::Request {
            position: position(self.arm),
            arm: self.setting.watch.label(self.arm),
            sample,
        };
        self.setting.watch.say(observation).await;
        Ok(Turn::Answered)
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
        })
    }

    async fn process_prefill(&mut self) -> Result<Prefill, WorkerError> {
        let doing = "processing the 512-token prefill";
        let command = WorkerCommand::Prefill {
            n_tokens: defaults::PREFILL_TOKENS,
        };
        match self.worker.ask(&command, doing, |_| ()).await? {
            WorkerEvent::Prefilled(prefill) => {
                let mut shared = self.setting.watch.shared();
                shared.progress.learn_prefill(self.arm, &prefill);
                Ok(prefill)
            }
            other => Err(self.worker.unexpected(doing, &other)),
        }
    }

    fn request_command(&self, number: u32, turn_tokens: Option<u32>) -> WorkerCommand {
        let spec = &self.setting.plan.spec;
        let prompt = spec.prompts[number as usize - 1].text.clone();
        let settings = &spec.settings;
        self.generate(prompt, settings.max_tokens, settings.mode, turn_tokens)
    }

    fn generate(
        &self,
        prompt: String,
        max_tokens: u32,
        mode: GenerationMode,
        turn_tokens: Option<u32>,
    ) -> WorkerCommand {
        let conduct = self.setting.plan.conduct;
        WorkerCommand::Generate {
            prompt,
            max_tokens,
            mode,
            progress: conduct.watched,
            slowdown: if self.arm > 0 { conduct.slowdown } else { 0.0 },
            turn_tokens,
        }
    }

    /// What a worker generated; none: its turn is over.
    async fn ask_for_tokens(
        &mut self,
        command: &WorkerCommand,
    ) -> Result<Option<Generation>, WorkerError> {
        let doing = "generating";
        let (watch, arm) = (self.setting.watch, self.arm);
        let shared = Arc::clone(&watch.shared);
        let learn = |n_generated, tokens_per_second: Option<f64>| {
            let mut shared = shared
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            shared.tokens_per_second = tokens_per_second;
            let progress = &mut shared.progress;
            progress.learn_tokens(arm, n_generated, tokens_per_second);
        };
        let answer = self.worker.ask(command, doing, |event| {
            if let WorkerEvent::Progress {
                n_generated,
                tokens_per_second,
            } = event
            {
                learn(*n_generated, Some(*tokens_per_second));
            }
        });
        match answer.await? {
            WorkerEvent::TurnOver {
                n_generated,
                tokens_per_second,
            } => {
                learn(n_generated, tokens_per_second);
                Ok(None)
            }
            WorkerEvent::Generated(generation) => {
                let mut shared = watch.shared();
                shared.tokens_per_second = None;
                shared.progress.learn_generation(arm, &generation);
                drop(shared);
                Ok(Some(generation))
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
