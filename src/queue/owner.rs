//! Which process runs a run, and whether it still lives.

use crate::store::Owner;

/// This process.
pub fn this_process() -> Owner {
    let pid = std::process::id();
    Owner {
        pid,
        start: start_of(pid).unwrap_or_default(),
    }
}

/// Whether the process still lives: the id is in use, by a process that
/// started at the same time.
pub fn is_alive(owner: &Owner) -> bool {
    start_of(owner.pid).is_some_and(|start| start == owner.start)
}

/// When a process started, counted from this start of the machine: a start in
/// seconds since 1970 moves when somebody sets the clock, and a process that
/// lives would count as gone.
#[cfg(target_os = "linux")]
fn start_of(pid: u32) -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(format!("{}:{}", boot.trim(), start_ticks(&stat)?))
}

/// Field 22 of `/proc/PID/stat`, see proc(5); fields are counted after the
/// command's name, which may contain spaces.
#[cfg(target_os = "linux")]
fn start_ticks(stat: &str) -> Option<u64> {
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

/// When a process started: macOS keeps the time of its start as it was then.
#[cfg(not(target_os = "linux"))]
fn start_of(pid: u32) -> Option<String> {
    use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

    let pid = Pid::from_u32(pid);
    let mut system = System::new().ok()?;
    let what = ProcessRefreshKind::nothing().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
    system
        .process(pid)
        .map(|process| process.start_time().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_its_id_alone_does_not_count() {
        let owner = this_process();
        assert!(!owner.start.is_empty());
        assert!(is_alive(&owner));
        let other = Owner {
            start: format!("{}0", owner.start),
            ..owner
        };
        assert!(!is_alive(&other));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_start_is_found_behind_any_name() {
        let fields: Vec<String> = (4..=52).map(|n| n.to_string()).collect();
        let stat = format!("7 (a) S (b) 3 {}", fields.join(" "));
        let stat = stat.replacen("(b) 3", "(b)) S", 1);
        assert_eq!(start_ticks(&stat), Some(22));
        assert_eq!(start_ticks("7 (a"), None);
    }
}
