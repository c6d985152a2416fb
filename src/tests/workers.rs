//! The workers of the tests: real ones and ones that a script plays; how they are
//! told from those of other tests, found and killed.

use std::path::Path;
use std::time::Duration;

use whittle::backend::{Deadlines, Reaper, WorkerLauncher};

#[cfg(target_os = "linux")]
use crate::house::House;

/// What a script has to say first where it plays a worker.
pub const STARTED: &str = r#"echo '{"event":"started","engine":{"version":"x","system_info":"","built_with":[],"missing_instruction_sets":[]},"sandbox":{"state":"full"}}'; "#;

/// How workers are started.
pub fn real_workers() -> WorkerLauncher {
    WorkerLauncher {
        program: env!("CARGO_BIN_EXE_whittle").into(),
        arguments: vec!["worker".into()],
        deadlines: Deadlines::default(),
        memory_bytes: None,
        reaper: Reaper::default(),
    }
}

/// Workers that a shell script plays, given up after a second.
pub fn fake_workers(script: &str) -> WorkerLauncher {
    let second = Duration::from_secs(1);
    WorkerLauncher {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into()],
        deadlines: Deadlines {
            start: second,
            compute: second,
            token: second,
        },
        memory_bytes: None,
        reaper: Reaper::default(),
    }
}

/// The same workers, started by a name in this folder: tests run side by side, and
/// the name tells their workers apart.
pub fn named_in(folder: &Path, launcher: WorkerLauncher) -> WorkerLauncher {
    let program = folder.join("whittle-of-this-test");
    std::os::unix::fs::symlink(&launcher.program, &program).expect("a link");
    WorkerLauncher {
        program,
        ..launcher
    }
}

/// All workers that are up and were started by a name in this folder.
#[cfg(target_os = "linux")]
pub fn workers_in(folder: &Path) -> Vec<u32> {
    let name = folder.to_string_lossy().into_owned();
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let worker = |entry: std::fs::DirEntry| {
        let pid = entry.file_name().to_string_lossy().parse().ok()?;
        let command = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        command.starts_with(&name).then_some(pid)
    };
    processes.filter_map(worker).collect()
}

/// What a worker that is up may have at most, by the name that the system gives it.
#[cfg(target_os = "linux")]
pub fn limit(worker: u32, name: &str) -> String {
    let limits = std::fs::read_to_string(format!("/proc/{worker}/limits")).expect("it is up");
    let mut lines = limits.lines().filter_map(|line| line.strip_prefix(name));
    let mut words = lines.next().expect("a limit").split_whitespace();
    // Behind the one that it might raise.
    words.nth(1).expect("a hard limit").to_owned()
}

/// All workers of the house that are up.
#[cfg(target_os = "linux")]
pub fn workers_of(house: &House) -> Vec<u32> {
    workers_in(house.path())
}

/// The worker of the house, once there is one.
#[cfg(target_os = "linux")]
pub async fn worker_of(house: &House) -> u32 {
    for _ in 0..400 {
        if let Some(worker) = workers_of(house).first() {
            return *worker;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no worker was started");
}

/// Kills a worker, which may be gone by then.
#[cfg(target_os = "linux")]
pub fn kill(worker: u32) {
    use rustix::process::{Pid, Signal, kill_process};

    let pid = i32::try_from(worker).ok().and_then(Pid::from_raw);
    let _ = kill_process(pid.expect("a process"), Signal::KILL);
}
