//! Which process runs a run, and whether it still lives.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::store::Owner;

/// This process.
pub fn this_process() -> Owner {
    let pid = std::process::id();
    Owner {
        pid,
        start_s: start_of(pid).unwrap_or(0),
    }
}

/// Whether the process still lives: the id is in use, by a process that
/// started at the same time.
pub fn is_alive(owner: Owner) -> bool {
    start_of(owner.pid).is_some_and(|start| start.abs_diff(owner.start_s) <= 1)
}

fn start_of(pid: u32) -> Option<u64> {
    let pid = Pid::from_u32(pid);
    let mut system = System::new().ok()?;
    let what = ProcessRefreshKind::nothing().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
    system.process(pid).map(sysinfo::Process::start_time)
}
