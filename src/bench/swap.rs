//! How much the machine has swapped out. What is in use before and after a run does
//! not show what went out and came back in between.

/// Memory that was swapped out since the machine was started, MB; none where the
/// system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn swapped_out_mb() -> Option<f64> {
    let counters = std::fs::read_to_string("/proc/vmstat").ok()?;
    Some(pages_out(&counters)? as f64 * rustix::param::page_size() as f64 / 1e6)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn swapped_out_mb() -> Option<f64> {
    None
}

/// The kernel's count of pages that were swapped out.
#[cfg(target_os = "linux")]
fn pages_out(counters: &str) -> Option<u64> {
    let counts = |line: &str| line.strip_prefix("pswpout ")?.trim().parse().ok();
    counters.lines().find_map(counts)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn pages_that_went_out_are_read_from_the_kernels_counters() {
        let counters = "pgpgout 9\npswpin 3\npswpout 4096\npgfault 7\n";
        assert_eq!(pages_out(counters), Some(4096));
        assert_eq!(pages_out("pswpin 3\n"), None, "a kernel without swap");
    }
}
