//! Live gauges of the workers, twice a second, from the server's side so that
//! sampling takes as little as possible from what is measured.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::plan::Observation;
use super::watch::{Shared, Watch};
use crate::domain::event::{Live, RunEvent};

const INTERVAL: Duration = Duration::from_millis(500);

/// Samples until dropped.
pub(super) struct Gauges(JoinHandle<()>);

impl Gauges {
    /// Watches the workers of a run. Gauges go out while there is room: a slow
    /// reader loses gauges, never measurements.
    pub(super) fn start(watch: &Watch<'_>, logical_cores: u32) -> Self {
        let shared = Arc::clone(&watch.shared);
        let observations = watch.observations.clone();
        Self(tokio::spawn(sample(shared, logical_cores, observations)))
    }
}

impl Drop for Gauges {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn sample(
    shared: Arc<Mutex<Shared>>,
    logical_cores: u32,
    observations: mpsc::Sender<Observation>,
) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let Ok(mut system) = System::new() else {
        return;
    };
    loop {
        ticks.tick().await;
        let live = reading(&mut system, logical_cores, &shared);
        let _ = observations.try_send(Observation::Event(RunEvent::Live(live)));
    }
}

fn reading(system: &mut System, logical_cores: u32, shared: &Mutex<Shared>) -> Live {
    let (workers, turn) = {
        let shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let workers: Vec<Pid> = shared
            .workers
            .iter()
            .map(|pid| Pid::from_u32(*pid))
            .collect();
        (workers, shared.turn.map(Pid::from_u32))
    };
    // Two small files of /proc for each: some ten microseconds. Those that wait
    // too, so that the use since the last look is known when their turn comes.
    let what = ProcessRefreshKind::nothing()
        .with_cpu()
        .with_memory()
        .without_tasks();
    if !workers.is_empty() {
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&workers), true, what);
    }
    let process = turn.and_then(|pid| system.process(pid));
    // sysinfo counts a full core as 100; the first reading is 0 for want of a
    // second one to compare with.
    let cpu = process.map(|process| f64::from(process.cpu_usage()));
    let cpu = cpu.map(|cpu| cpu / f64::from(logical_cores.max(1)));
    let shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds_left = shared.progress.seconds_left();
    Live {
        tokens_per_second: shared.tokens_per_second,
        cpu_usage_percent: cpu.filter(|cpu| *cpu > 0.0).map(|cpu| cpu.min(100.0)),
        memory_mb: process.map(|process| process.memory() as f64 / 1e6),
        fraction_done: shared.progress.fraction_done(seconds_left),
        seconds_left: Some(seconds_left),
    }
}
