//! The limits that a worker sets on itself before any native code runs.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Leaves no core dump (it would hold the user's prompts), takes no more memory
/// than `memory_bytes`, and, on Linux, is the first to go when the machine runs
/// out of it and dies with its parent. Elsewhere the end of input does the
/// latter a second later.
pub(super) fn apply(memory_bytes: Option<u64>) {
    limit(Resource::Core, 0);
    if let Some(bytes) = memory_bytes {
        // Writable private memory: not the address space, of which the stacks
        // of threads and mapped files take much and cost nothing.
        limit(Resource::Data, bytes);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
            eprintln!("whittle worker: does not die with its parent: {error}");
        }
        // Out of memory, the kernel shall pick the worker and not the server.
        let _ = std::fs::write("/proc/self/oom_score_adj", "500");
    }
}

fn limit(resource: Resource, most: u64) {
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    if let Err(error) = setrlimit(resource, limit) {
        eprintln!("whittle worker: {resource:?} stays unlimited: {error}");
    }
}
