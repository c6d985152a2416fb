//! How a process ended, in words.
//!
//! The kernel tells of its out-of-memory killer in one counter for the whole
//! machine: together with a SIGKILL that nobody here sent it is evidence.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How many processes the kernel has ended for want of memory, where it says.
pub(super) fn oom_kills() -> Option<u64> {
    let counters = std::fs::read_to_string("/proc/vmstat").ok()?;
    let mut lines = counters.lines();
    lines.find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// What happened, and what that suggests. `was_oom_kill`: the kernel has ended
/// a process for want of memory since the worker started.
pub(super) fn end_in_words(
    status: Option<ExitStatus>,
    was_oom_kill: bool,
) -> (String, &'static str) {
    let Some(status) = status else {
        return ("closed its output".to_owned(), "");
    };
    match (status.signal(), status.code()) {
        (Some(6), _) => (
            "aborted (signal 6, SIGABRT)".to_owned(),
            ": llama.cpp met something it cannot handle, see its log",
        ),
        (Some(9), _) if was_oom_kill => (
            "was killed (signal 9, SIGKILL)".to_owned(),
            ": by the system, because memory ran out",
        ),
        (Some(9), _) => (
            "was killed (signal 9, SIGKILL)".to_owned(),
            ": by someone; the system says nothing of memory running out",
        ),
        (Some(11), _) => (
            "crashed (signal 11, SIGSEGV)".to_owned(),
            ": a fault in llama.cpp or a damaged model",
        ),
        (Some(7), _) => (
            "crashed (signal 7, SIGBUS)".to_owned(),
            ": the model's file may have been cut while it was mapped",
        ),
        (Some(4), _) => (
            "crashed (signal 4, SIGILL)".to_owned(),
            ": this binary was built for another processor; build it here",
        ),
        (Some(signal), _) => (format!("ended by signal {signal}"), ""),
        (None, Some(code)) => (format!("ended with code {code}"), ""),
        (None, None) => ("ended".to_owned(), ""),
    }
}
