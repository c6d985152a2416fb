//! Making variants: sizes, importance matrices, quantized files. The model is
//! read from its descriptor; files go where the parent said.

use std::path::Path;
use std::time::{Duration, Instant};

use super::channel::Events;
use crate::domain::protocol::{
    ImatrixCommand, QuantizeCommand, WorkerCommand, WorkerErrorKind, WorkerEvent,
};
use crate::domain::recipe::Quantize;
use crate::engine::{
    CollectOptions, EngineError, Imatrix, Model, ModelOptions, QuantizeOptions, collect_imatrix,
    is_full, predict_tensor_bytes, quantize,
};

/// How often progress is told: the tensors of a small model are done in
/// milliseconds each.
const INTERVAL: Duration = Duration::from_millis(100);

/// Carries out one of the commands and returns its answer.
pub(super) fn make(
    command: &WorkerCommand,
    events: &mut Events,
) -> Result<WorkerEvent, EngineError> {
    match command {
        WorkerCommand::PredictVariants { source, recipes } => predict(source, recipes),
        WorkerCommand::CollectImatrix(command) => collect(command, events),
        WorkerCommand::Quantize(command) => write(command, events),
        other => Err(EngineError::Quantize(format!(
            "{other:?} is no command to make something"
        ))),
    }
}

/// What is to blame, as the parent is told: llama.cpp's own errors do not say.
pub(super) fn kind(error: &EngineError) -> WorkerErrorKind {
    match error {
        EngineError::Keep(error) if is_full(error) => WorkerErrorKind::Storage,
        _ => WorkerErrorKind::Model,
    }
}

fn predict(source: &str, recipes: &[Quantize]) -> Result<WorkerEvent, EngineError> {
    let sizes = recipes
        .iter()
        .map(|recipe| predict_tensor_bytes(Path::new(source), recipe.level, recipe.imatrix));
    Ok(WorkerEvent::Predicted {
        tensor_bytes: sizes.collect::<Result<_, _>>()?,
    })
}

fn collect(command: &ImatrixCommand, events: &mut Events) -> Result<WorkerEvent, EngineError> {
    let options = ModelOptions {
        // Read once in every chunk: the file's own pages will do.
        mmap: true,
        n_gpu_layers: 0,
    };
    let mut progress = Progress::start();
    let model = Model::load(Path::new(&command.source), options, |fraction| {
        progress.tell(false, || {
            events.send(&WorkerEvent::LoadProgress { fraction });
        });
    })?;
    let options = CollectOptions {
        n_ctx: command.n_ctx,
        n_chunks: command.n_chunks,
        n_threads: command.n_threads,
    };
    let (imatrix, n_chunks) =
        collect_imatrix(&model, &command.text, options, |chunk, n_chunks| {
            events.send(&WorkerEvent::ImatrixProgress { chunk, n_chunks });
        })?;
    imatrix.write(Path::new(&command.target), n_chunks)?;
    Ok(WorkerEvent::ImatrixCollected { n_chunks })
}

fn write(command: &QuantizeCommand, events: &mut Events) -> Result<WorkerEvent, EngineError> {
    let imatrix = command.imatrix.as_deref().map(Path::new);
    let imatrix = imatrix.map(Imatrix::read).transpose()?;
    let options = QuantizeOptions {
        level: command.level,
        imatrix: imatrix.as_ref(),
        allow_requantize: command.allow_requantize,
        n_threads: command.n_threads,
        provenance: &command.provenance,
    };
    let mut progress = Progress::start();
    let start = Instant::now();
    let fallbacks = quantize(
        Path::new(&command.source),
        Path::new(&command.target),
        &options,
        |tensor, n_tensors| {
            progress.tell(tensor == n_tensors, || {
                events.send(&WorkerEvent::TensorProgress { tensor, n_tensors });
            });
        },
    )?;
    Ok(WorkerEvent::Quantized {
        fallbacks,
        quantize_s: start.elapsed().as_secs_f64(),
    })
}

/// Lets something be told once an interval.
struct Progress {
    last: Instant,
}

impl Progress {
    fn start() -> Self {
        Self {
            last: Instant::now(),
        }
    }

    fn tell(&mut self, at_once: bool, event: impl FnOnce()) {
        if at_once || self.last.elapsed() >= INTERVAL {
            self.last = Instant::now();
            event();
        }
    }
}
