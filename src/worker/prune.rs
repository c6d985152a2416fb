//! Pruning a model. It is read from its descriptor; files go where the parent
//! said.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use super::channel::Events;
use super::process::Memory;
use crate::domain::protocol::{PruneCommand, WorkerEvent, Yardstick};
use crate::domain::pruning::{PruningCut, PruningProgress};
use crate::prune::{CalibrationOptions, Job, PruneError, prune};

/// How often progress is told.
const INTERVAL: Duration = Duration::from_millis(100);

/// Prunes, telling how far it has come.
pub(super) fn serve(
    command: &PruneCommand,
    yardstick: Option<Yardstick>,
    memory: &Memory,
    events: &mut Events,
) -> Result<PruningCut, PruneError> {
    let events = RefCell::new(events);
    let job = Job {
        source: Path::new(&command.source),
        target: Path::new(&command.target),
        scratch: Path::new(&command.scratch),
        prune: command.prune,
        searched: &command.searched,
        on_searched: &|search| {
            let told = WorkerEvent::Searched(search.clone());
            events.borrow_mut().send(&told);
        },
        yardstick,
        calibration: CalibrationOptions {
            text: &command.text,
            n_ctx: command.n_ctx,
            n_chunks: command.n_chunks,
        },
        n_threads: command.n_threads,
        memory_bytes: memory.available_bytes(),
        origin: &command.origin,
    };
    let mut told: Option<Instant> = None;
    prune(&job, &mut |progress| {
        // A step of a search that is left out comes again with the next try.
        let is_due = told.is_none_or(|told| told.elapsed() >= INTERVAL);
        if is_due || is_last(progress) {
            told = Some(Instant::now());
            events.borrow_mut().send(&WorkerEvent::Pruning(progress));
        }
    })
}

fn is_last(progress: PruningProgress) -> bool {
    match progress {
        PruningProgress::Layer { layer, n_layers } => layer == n_layers,
        PruningProgress::Whole { done, of }
        | PruningProgress::Trial { done, of }
        | PruningProgress::Search { done, of, .. } => done == of,
        PruningProgress::Known => true,
        PruningProgress::Write { tensor, n_tensors } => tensor == n_tensors,
    }
}
