//! What the worker process knows of itself: CPU time, memory, page faults.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::cgroup::Cgroup;
use crate::domain::sample::MemoryReading;

/// CPU time of all threads of this process so far, s.
pub(super) fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Reads memory, and keeps track of whether the peak means what it says. Its
/// files are opened at once: later they are out of the sandbox's reach.
pub(super) struct Memory {
    status: Option<File>,
    stat: Option<File>,
    rollup: Option<File>,
    clear: Option<File>,
    system: Option<File>,
    group: Option<Cgroup>,
    peak_known: bool,
}

impl Memory {
    /// The peak counts from the start of the process.
    pub(super) fn new() -> Self {
        Self {
            status: File::open("/proc/self/status").ok(),
            stat: File::open("/proc/self/stat").ok(),
            system: File::open("/proc/meminfo").ok(),
            group: Cgroup::own(),
            rollup: File::open("/proc/self/smaps_rollup").ok(),
            clear: File::options()
                .write(true)
                .open("/proc/self/clear_refs")
                .ok(),
            peak_known: true,
        }
    }

    /// Starts a new peak. Where the system cannot, later peaks are unknown.
    pub(super) fn reset_peak(&mut self) {
        // "5" resets the high-water mark of resident memory, see proc(5).
        let clear = self.clear.as_mut();
        self.peak_known = clear.is_some_and(|clear| clear.write_all(b"5").is_ok());
    }

    /// Memory now.
    pub(super) fn read(&self) -> MemoryReading {
        let Some(status) = self.status.as_ref().and_then(text) else {
            return MemoryReading::default();
        };
        MemoryReading {
            rss_bytes: field(&status, "VmRSS:"),
            anonymous_bytes: field(&status, "RssAnon:"),
            file_bytes: field(&status, "RssFile:"),
            peak_rss_bytes: field(&status, "VmHWM:").filter(|_| self.peak_known),
        }
    }

    /// Memory that this process may still take, bytes: what the system has
    /// available, within its own limit and its container's; none where none of them
    /// is known.
    pub(super) fn available_bytes(&self) -> Option<u64> {
        let system = self.system.as_ref().and_then(text);
        let available = system.and_then(|system| field(&system, "MemAvailable:"));
        let limit = getrlimit(Resource::Data).current;
        let group = self.group.as_ref().and_then(Cgroup::left_bytes);
        available.into_iter().chain(limit).chain(group).min()
    }

    /// Memory in huge pages now, bytes. Walks the page tables: never while
    /// something is timed.
    pub(super) fn huge_pages_bytes(&self) -> Option<u64> {
        field(&text(self.rollup.as_ref()?)?, "AnonHugePages:")
    }

    /// Page faults so far that had to read from disk.
    pub(super) fn major_page_faults(&self) -> Option<u64> {
        let stat = text(self.stat.as_ref()?)?;
        // Fields are counted after the command's name, which may contain spaces.
        let after_name = stat.rsplit_once(')')?.1;
        after_name.split_whitespace().nth(9)?.parse().ok()
    }
}

/// A file of /proc or /sys as it is now: it is made anew for whoever reads its start.
pub(super) fn text(mut file: &File) -> Option<String> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_string(&mut text).ok()?;
    Some(text)
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_fields_are_read_in_bytes() {
        let status = "VmHWM:\t  2048 kB\nVmRSS:\t   1024 kB\nRssAnon:\t 512 kB\n";
        assert_eq!(field(status, "VmHWM:"), Some(2048 * 1024));
        assert_eq!(field(status, "RssFile:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_reset_peak_forgets_what_was_freed() {
        let mut memory = Memory::new();
        let big = vec![1u8; 64 << 20];
        let with_big = memory.read().peak_rss_bytes;
        drop(std::hint::black_box(big));
        memory.reset_peak();
        let after = memory.read().peak_rss_bytes;
        assert!(after < with_big, "{after:?} is not below {with_big:?}");
    }
}
