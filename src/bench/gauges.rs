//! Live gauges of a worker, at most twice a second, from the server's side so that
//! sampling takes as little as possible from what is measured.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::baseline::Observation;
use super::progress::Progress;
use crate::domain::event::{Live, RunEvent};

const INTERVAL: Duration = Duration::from_millis(500);
/// While a request or the prefill is timed: a browser draws each gauge on the
/// cores that are being measured. What a request was as a whole is told at its
/// end.
const INTERVAL_TIMED: Duration = Duration::from_secs(3);

/// What the launch tells its gauges.
pub(super) struct Shared {
    /// The run's clock.
    pub(super) progress: Progress,
    /// Decode speed over the last half second; none outside of decoding.
    pub(super) tokens_per_second: Option<f64>,
}

/// Samples until dropped.
pub(super) struct Gauges(JoinHandle<()>);

impl Gauges {
    /// Watches process `pid`. Gauges go to `observations` while there is room:
    /// a slow reader loses gauges, never measurements.
    pub(super) fn start(
        pid: u32,
        logical_cores: u32,
        shared: Arc<Mutex<Shared>>,
        observations: mpsc::Sender<Observation>,
    ) -> Self {
        Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(INTERVAL);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let Ok(mut system) = System::new() else {
                return;
            };
            let pid = Pid::from_u32(pid);
            let mut told = Instant::now();
            loop {
                ticks.tick().await;
                if is_timed(&shared) && told.elapsed() < INTERVAL_TIMED {
                    continue;
                }
                told = Instant::now();
                // Two small files of /proc: some ten microseconds.
                let what = ProcessRefreshKind::nothing()
                    .with_cpu()
                    .with_memory()
                    .without_tasks();
                system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
                let Some(process) = system.process(pid) else {
                    continue;
                };
                let live = reading(process, logical_cores, &shared);
                let _ = observations.try_send(Observation::Event(RunEvent::Live(live)));
            }
        }))
    }
}

impl Drop for Gauges {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn is_timed(shared: &Mutex<Shared>) -> bool {
    let shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.progress.is_timed()
}

fn reading(process: &sysinfo::Process, logical_cores: u32, shared: &Mutex<Shared>) -> Live {
    let shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds_left = shared.progress.seconds_left();
    // sysinfo counts a full core as 100; the first reading is 0 for want of a
    // second one to compare with.
    let cpu = f64::from(process.cpu_usage()) / f64::from(logical_cores.max(1));
    Live {
        tokens_per_second: shared.tokens_per_second,
        cpu_usage_percent: (cpu > 0.0).then_some(cpu.min(100.0)),
        memory_mb: Some(process.memory() as f64 / 1e6),
        fraction_done: shared.progress.fraction_done(seconds_left),
        seconds_left: Some(seconds_left),
    }
}
