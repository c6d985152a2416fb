//! How a worker answers prompts: to warm up, at once, or in turns.

use std::sync::Arc;
use std::time::Duration;

use super::{Launch, position, settle};
use crate::backend::WorkerError;
use crate::bench::plan::Observation;
use crate::domain::defaults;
use crate::domain::event::StageName;
use crate::domain::protocol::{WorkerCommand, WorkerEvent};
use crate::domain::run::GenerationMode;
use crate::domain::sample::{Generation, RequestSample};

/// How an arm's turn at a prompt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bench) enum Turn {
    /// The prompt is not answered yet.
    Over,
    /// The prompt is answered, and the answer is told.
    Answered,
}

impl Launch<'_> {
    /// The same work as what is measured, in short and thrown away: pages are
    /// touched, caches and clocks are warm.
    pub(in crate::bench) async fn warm_up(&mut self) -> Result<(), WorkerError> {
        let spec = &self.setting.plan.spec;
        let max_tokens = defaults::WARM_UP_TOKENS.min(spec.settings.max_tokens);
        let doing = StageName::WarmingUp.words();
        self.process_prefill(defaults::WARM_UP_PREFILL_TOKENS, doing)
            .await?;
        let prompt = spec.prompts[0].text.clone();
        let mode = GenerationMode::FixedLength;
        let command = self.generate(prompt, max_tokens, mode, None);
        let warmed_up = self.ask_for_tokens(&command, doing).await;
        warmed_up.map_err(|error| naming_prompt(error, 1))?;
        Ok(())
    }

    /// Answers a prompt, counted from 1.
    pub(in crate::bench) async fn request(&mut self, number: u32) -> Result<(), WorkerError> {
        settle().await;
        let command = self.request_command(number, None);
        self.turn(number, &command).await.map(|_| ())
    }

    /// Takes the first turn at a prompt, counted from 1.
    pub(in crate::bench) async fn begin(&mut self, number: u32) -> Result<Turn, WorkerError> {
        settle().await;
        let command = self.request_command(number, Some(defaults::TURN_TOKENS));
        self.turn(number, &command).await
    }

    /// Takes another turn at the prompt.
    pub(in crate::bench) async fn go_on(&mut self, number: u32) -> Result<Turn, WorkerError> {
        tokio::time::sleep(Duration::from_secs_f64(defaults::TURN_SETTLE_S)).await;
        self.turn(number, &WorkerCommand::GoOn).await
    }

    /// Generates until the prompt is answered or the turn is over.
    async fn turn(&mut self, number: u32, command: &WorkerCommand) -> Result<Turn, WorkerError> {
        let generated = self.ask_for_tokens(command, "generating").await;
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
        doing: &'static str,
    ) -> Result<Option<Generation>, WorkerError> {
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
