//! The limits that a worker sets on itself before any native code runs.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Leaves no core dump (it would hold the user's prompts) and, on Linux, dies
/// with its parent. Elsewhere the end of input does the same a second later.
pub(super) fn apply() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        eprintln!("whittle worker: core dumps stay on: {error}");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
    {
        eprintln!("whittle worker: does not die with its parent: {error}");
    }
}
