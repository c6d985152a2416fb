//! The order of a worker's life: one model at most, then requests to it.

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use super::channel::Events;
use super::generate::{self, GenerateError, Progress, Request};
use super::make;
use super::process::Memory;
use super::prune;
use super::quality;
use crate::domain::environment::LoadReport;
use crate::domain::protocol::{LoadCommand, WorkerCommand, WorkerErrorKind, WorkerEvent};
use crate::domain::pruning::PruningCut;
use crate::engine::{
    self, Context, ContextOptions, EngineError, Model, ModelOptions, device_name, dress,
};
use crate::prune::PruneError;

type Commands = Receiver<Result<WorkerCommand, String>>;

/// Serves commands until the parent hangs up.
pub(super) fn serve(commands: &Commands, memory: &mut Memory, events: &mut Events) {
    while let Ok(command) = commands.recv() {
        match command {
            Ok(WorkerCommand::Load(load)) => {
                if let Err(error) = serve_model(&load, commands, memory, events) {
                    fail(events, WorkerErrorKind::Model, error.to_string());
                }
            }
            Ok(WorkerCommand::UpcastToF16 {
                source,
                target,
                provenance,
            }) => {
                let written =
                    engine::upcast_to_f16(Path::new(&source), Path::new(&target), &provenance);
                match written {
                    Ok(()) => events.send(&WorkerEvent::Upcast),
                    Err(error) => fail(events, WorkerErrorKind::Compute, error.to_string()),
                }
            }
            Ok(
                command @ (WorkerCommand::PredictVariants { .. }
                | WorkerCommand::CollectImatrix(_)
                | WorkerCommand::Quantize(_)),
            ) => match make::make(&command, events) {
                Ok(made) => events.send(&made),
                Err(error) => fail(events, make::kind(&error), error.to_string()),
            },
            Ok(WorkerCommand::Prune(command)) => {
                tell(prune::serve(&command, None, memory, events), events);
            }
            Ok(WorkerCommand::PruneByYardstick { prune, yardstick }) => {
                tell(
                    self::prune::serve(&prune, Some(yardstick), memory, events),
                    events,
                );
            }
            Ok(WorkerCommand::CheckText { model, text }) => {
                match quality::check_text(&model, &text) {
                    Ok(()) => events.send(&WorkerEvent::TextChecked),
                    Err(error) => fail(events, error.kind(), error.to_string()),
                }
            }
            Ok(WorkerCommand::Evaluate(evaluate)) => {
                match quality::evaluate(&evaluate, memory, events) {
                    Ok(report) => events.send(&WorkerEvent::Evaluated(Box::new(report))),
                    Err(error) => fail(events, error.kind(), error.to_string()),
                }
            }
            Ok(_) => fail(
                events,
                WorkerErrorKind::Command,
                "load a model first".to_owned(),
            ),
            Err(reason) => fail(events, WorkerErrorKind::Command, reason),
        }
    }
}

/// Loads the model and serves it for the rest of the worker's life.
fn serve_model(
    load: &LoadCommand,
    commands: &Commands,
    memory: &mut Memory,
    events: &mut Events,
) -> Result<(), EngineError> {
    let start = Instant::now();
    let options = ModelOptions {
        mmap: load.mmap,
        n_gpu_layers: load.n_gpu_layers,
    };
    let mut last_progress = Instant::now();
    let model = Model::load(Path::new(&load.path), options, |fraction| {
        if last_progress.elapsed() >= generate::PROGRESS_INTERVAL {
            last_progress = Instant::now();
            events.send(&WorkerEvent::LoadProgress { fraction });
        }
    })?;
    let mut context = Context::new(
        &model,
        ContextOptions {
            n_ctx: load.n_ctx,
            n_batch: load.n_batch,
            n_ubatch: load.n_ubatch,
            n_threads: load.n_threads,
            flash_attention: load.flash_attention,
        },
    )?;
    events.send(&WorkerEvent::Loaded(LoadReport {
        load_s: start.elapsed().as_secs_f64(),
        device: device_name(load.n_gpu_layers),
        n_threads: load.n_threads,
        flash_attention: context.flash_attention(),
        chat_template: dress(&model, "x").template,
        memory: memory.read(),
        huge_pages_bytes: memory.huge_pages_bytes(),
    }));
    while let Ok(command) = commands.recv() {
        match command {
            Ok(command) => {
                let worker = (&model, &mut context);
                answer(command, load, worker, memory, (commands, events));
            }
            Err(reason) => fail(events, WorkerErrorKind::Command, reason),
        }
    }
    Ok(())
}

fn answer(
    command: WorkerCommand,
    load: &LoadCommand,
    (model, context): (&Model, &mut Context<'_>),
    memory: &mut Memory,
    (commands, events): (&Commands, &mut Events),
) {
    match command {
        WorkerCommand::Prefill { n_tokens } => match generate::prefill(model, context, n_tokens) {
            Ok(prefill) => events.send(&WorkerEvent::Prefilled(prefill)),
            Err(error) => fail(events, WorkerErrorKind::Compute, error.to_string()),
        },
        WorkerCommand::Generate {
            prompt,
            max_tokens,
            mode,
            progress,
            slowdown,
            turn_tokens,
        } => {
            let request = Request {
                prompt: &prompt,
                max_tokens,
                mode,
                n_ctx: load.n_ctx,
                slowdown,
                turn_tokens,
            };
            let mut last_prompt_progress = Instant::now();
            let on_progress = |made: Progress| match made {
                // Even unwatched: a long prompt must not look like a hang. Seldom:
                // small batches are many, and telling takes from what is timed.
                Progress::Prompt => {
                    if last_prompt_progress.elapsed() >= generate::PROGRESS_INTERVAL {
                        last_prompt_progress = Instant::now();
                        events.send(&WorkerEvent::PromptProgress);
                    }
                }
                Progress::Tokens(n_generated, tokens_per_second) if progress => {
                    events.send(&WorkerEvent::Progress {
                        n_generated,
                        tokens_per_second,
                    });
                }
                Progress::Tokens(..) => {}
                Progress::TurnOver(n_generated, tokens_per_second) => {
                    events.send(&WorkerEvent::TurnOver {
                        n_generated,
                        tokens_per_second,
                    });
                    // Whatever comes next: the parent waits for nothing else, and
                    // one that has gone ends this process.
                    let _ = commands.recv();
                }
            };
            match generate::generate(model, context, memory, &request, on_progress) {
                Ok(generation) => events.send(&WorkerEvent::Generated(generation)),
                Err(GenerateError::Prompt(reason)) => fail(events, WorkerErrorKind::Prompt, reason),
                Err(GenerateError::Engine(error)) => {
                    fail(events, WorkerErrorKind::Compute, error.to_string());
                }
            }
        }
        WorkerCommand::ResetPeakMemory => {
            memory.reset_peak();
            events.send(&WorkerEvent::Memory(memory.read()));
        }
        WorkerCommand::ReadMemory => events.send(&WorkerEvent::Memory(memory.read())),
        WorkerCommand::GoOn => fail(
            events,
            WorkerErrorKind::Command,
            "nothing is being generated".to_owned(),
        ),
        WorkerCommand::Load(_)
        | WorkerCommand::UpcastToF16 { .. }
        | WorkerCommand::PredictVariants { .. }
        | WorkerCommand::CollectImatrix(_)
        | WorkerCommand::Quantize(_)
        | WorkerCommand::Prune(_)
        | WorkerCommand::PruneByYardstick { .. }
        | WorkerCommand::CheckText { .. }
        | WorkerCommand::Evaluate(_) => fail(
            events,
            WorkerErrorKind::Command,
            "a worker holds one model; start another worker".to_owned(),
        ),
    }
}

fn tell(pruned: Result<PruningCut, PruneError>, events: &mut Events) {
    match pruned {
        Ok(cut) => events.send(&WorkerEvent::Pruned(Box::new(cut))),
        Err(error) => fail(events, error.kind(), error.to_string()),
    }
}

fn fail(events: &mut Events, kind: WorkerErrorKind, message: String) {
    events.send(&WorkerEvent::Failed { kind, message });
}
