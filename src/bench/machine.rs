//! The machine: what it is, and how busy it is now.

use std::path::Path;
use std::time::{Duration, Instant};

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use super::swap::swapped_out_mb;
use crate::domain::defaults::FOREIGN_LOAD_STRETCH_S;
use crate::domain::preflight::Room;

/// What does not change while Whittle runs.
#[derive(Debug, Clone)]
pub struct MachineFacts {
    /// Processor's name.
    pub cpu_model: String,
    /// Physical cores, where the system says.
    pub physical_cores: Option<u32>,
    /// Logical cores.
    pub logical_cores: u32,
    /// Memory, MB = 10^6 bytes.
    pub total_memory_mb: f64,
    /// Operating system and kernel.
    pub system: String,
    /// Frequency governor, where readable.
    pub cpu_governor: Option<String>,
    /// Whether the engine was built for a GPU.
    pub has_gpu: bool,
}

/// Which of the back ends for a GPU are compiled in is chosen by these features.
pub const BUILT_FOR_A_GPU: bool =
    cfg!(any(feature = "cuda", feature = "metal", feature = "vulkan"));

/// Of what has ended, this is how long the system's one-minute load average takes to
/// lose all but 1/e, s.
const LOAD_FADES_S: f64 = 60.0;

/// What threads reserve for their stacks and hardly use: llama.cpp checks the
/// tensors of a file in a thread each, 8 MiB of stack apiece.
pub(super) const STACKS_BYTES: u64 = 4 << 30;

/// What does.
#[derive(Debug, Clone, Copy)]
pub struct MachineLoad {
    /// One-minute load average, where the system has one.
    pub load_average: Option<f64>,
    /// What of it may be Whittle's own work of the last minutes.
    pub own_load: f64,
    /// Swap in use, MB.
    pub swap_used_mb: f64,
    /// Memory that was swapped out since the machine was started, MB, where the
    /// system tells.
    pub swapped_out_mb: Option<f64>,
    /// Memory available, MB.
    pub available_memory_mb: f64,
    /// Time that the machine has slept since it was started, s, where the
    /// system tells.
    pub slept_s: Option<f64>,
}

impl MachineFacts {
    /// Reads them. Blocks for some milliseconds.
    pub fn read() -> Self {
        let what = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(what);
        let (logical_cores, cpu_model, total_memory) = match &system {
            Ok(system) => (
                system.cpus().len(),
                system
                    .cpus()
                    .first()
                    .map(|cpu| cpu.brand().trim().to_owned()),
                system.total_memory(),
            ),
            Err(_) => (0, None, 0),
        };
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cpu_model: cpu_model
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            physical_cores: System::physical_core_count()
                .ok()
                .and_then(|n| u32::try_from(n).ok()),
            logical_cores: u32::try_from(logical_cores.max(available)).unwrap_or(1),
            total_memory_mb: megabytes(total_memory),
            system: format!(
                "{} {}",
                System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
                System::kernel_version().unwrap_or_default()
            ),
            cpu_governor: std::fs::read_to_string(
                "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
            )
            .ok()
            .map(|governor| governor.trim().to_owned()),
            has_gpu: BUILT_FOR_A_GPU,
        }
    }

    /// Threads that the engine gets by default: the physical cores, never more
    /// than this process may use.
    pub fn default_threads(&self) -> u32 {
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        let available = u32::try_from(available).unwrap_or(u32::MAX);
        self.physical_cores
            .unwrap_or(self.logical_cores)
            .clamp(1, available)
    }
}

impl MachineFacts {
    /// How busy it is now, with no more memory available than these facts say that
    /// it has: a test may make it smaller. Blocks for about a millisecond.
    pub fn load(&self) -> MachineLoad {
        self.load_after(None)
    }

    /// The same, where Whittle worked on this machine so long ago, here or in another
    /// process: on every core at most, and for long. Shorter work counts as longer ago.
    pub fn load_after(&self, own_work: Option<Duration>) -> MachineLoad {
        let mut load = MachineLoad::read();
        load.own_load = own_work.map_or(0.0, |ago| {
            f64::from(self.logical_cores) * (-ago.as_secs_f64() / LOAD_FADES_S).exp()
        });
        if self.total_memory_mb > 0.0 {
            load.available_memory_mb = load.available_memory_mb.min(self.total_memory_mb);
        }
        load
    }

    /// What a run finds; `data` is where it will be stored.
    pub fn room(&self, load: MachineLoad, data: &Path) -> Room {
        let disk = rustix::fs::statvfs(data).ok();
        Room {
            total_memory_mb: self.total_memory_mb,
            available_memory_mb: load.available_memory_mb,
            swap_used_mb: load.swap_used_mb,
            load_average: load.load_average,
            own_load: load.own_load,
            logical_cores: self.logical_cores,
            free_disk_mb: disk.map(|disk| (disk.f_bavail * disk.f_frsize) as f64 / 1e6),
        }
    }
}

impl MachineLoad {
    /// Reads it. Blocks for about a millisecond.
    pub fn read() -> Self {
        let what = RefreshKind::nothing().with_memory(MemoryRefreshKind::everything());
        let system = System::new_with_specifics(what);
        Self {
            load_average: System::load_average().ok().map(|load| load.one),
            own_load: 0.0,
            swap_used_mb: megabytes(system.as_ref().map_or(0, System::used_swap)),
            swapped_out_mb: swapped_out_mb(),
            available_memory_mb: megabytes(system.as_ref().map_or(0, System::available_memory)),
            slept_s: slept_s(),
        }
    }

    /// Most private memory of a worker, bytes: what is available, so that one which
    /// needs far more fails instead of bringing the machine to a halt; none: not known.
    pub fn worker_memory_bytes(&self) -> Option<u64> {
        let available = (self.available_memory_mb * 1e6) as u64;
        (available > 0).then(|| available.saturating_add(STACKS_BYTES))
    }
}

/// One of Linux's clocks goes on while the machine sleeps, the other, which
/// times everything, does not.
#[cfg(target_os = "linux")]
fn slept_s() -> Option<f64> {
    use rustix::time::{ClockId, clock_gettime};

    let seconds = |clock| {
        let time = clock_gettime(clock);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let awake = seconds(ClockId::Monotonic);
    Some((seconds(ClockId::Boottime) - awake).max(0.0))
}

#[cfg(not(target_os = "linux"))]
fn slept_s() -> Option<f64> {
    None
}

/// The use of the machine's processor over a stretch of time: by all programs, and
/// by this one.
pub(super) struct MachineCpu {
    system: Option<System>,
    start: Instant,
    own_start_s: f64,
}

impl MachineCpu {
    /// Begins the stretch.
    pub(super) fn start() -> Self {
        let what = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing().with_usage());
        Self {
            system: System::new_with_specifics(what).ok(),
            start: Instant::now(),
            own_start_s: own_cpu_s(),
        }
    }

    /// CPU time of this program so far, without its workers', s.
    pub(super) fn own_s(&self) -> f64 {
        own_cpu_s() - self.own_start_s
    }

    /// Its use so far, % of the machine.
    pub(super) fn percent(&mut self) -> Option<f64> {
        let system = self
            .system
            .as_mut()
            .filter(|_| self.start.elapsed().as_secs_f64() >= FOREIGN_LOAD_STRETCH_S)?;
        system.refresh_cpu_usage();
        Some(f64::from(system.global_cpu_usage()))
    }
}

/// CPU time of all threads of this program since it was started, s.
fn own_cpu_s() -> f64 {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_work_fades_from_the_load_as_the_system_lets_it_fade() {
        let machine = MachineFacts {
            logical_cores: 2,
            ..MachineFacts::read()
        };
        let own = |ago: Option<u64>| machine.load_after(ago.map(Duration::from_secs)).own_load;
        assert_eq!(own(Some(0)), 2.0);
        assert!((own(Some(60)) - 2.0 / std::f64::consts::E).abs() < 1e-9);
        assert!(own(Some(600)) < 1e-3);
        assert_eq!(own(None), 0.0);
    }
}
