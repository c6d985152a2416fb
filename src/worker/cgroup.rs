//! The memory that a container or service may still take: its limit less what it
//! has, where Linux keeps one (version 2 of its control groups).

use std::fs::{self, File};
use std::path::Path;

use super::process::text;

/// The group's files, opened before the sandbox closes.
pub(super) struct Cgroup {
    most: File,
    current: File,
    stat: File,
}

impl Cgroup {
    /// That of this process; none where it has none, or none with a limit to read.
    pub(super) fn own() -> Option<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
        // In a container the path may be the host's, and the mount its own.
        let mount = Path::new("/sys/fs/cgroup");
        let within = mount.join(own.trim_start_matches('/'));
        [within.as_path(), mount].into_iter().find_map(|folder| {
            let open = |name: &str| File::open(folder.join(name)).ok();
            Some(Self {
                most: open("memory.max")?,
                current: open("memory.current")?,
                stat: open("memory.stat")?,
            })
        })
    }

    /// Bytes that are left; none: there is no limit.
    pub(super) fn left_bytes(&self) -> Option<u64> {
        left(
            &text(&self.most)?,
            &text(&self.current)?,
            &text(&self.stat)?,
        )
    }
}

/// Pages of files count as taken and are given back when memory is needed.
fn left(most: &str, current: &str, stat: &str) -> Option<u64> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let pages = |name: &str| {
        let mut lines = stat.lines().filter_map(|line| line.split_once(' '));
        lines.find_map(|(key, n)| (key == name).then(|| number(n))?)
    };
    let files = pages("inactive_file").unwrap_or(0) + pages("active_file").unwrap_or(0);
    // "max": no limit, and no number.
    let most = number(most)?;
    Some(most.saturating_sub(number(current)?.saturating_sub(files)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_the_limit_less_what_cannot_be_given_back() {
        let stat = "anon 300\nfile 500\ninactive_file 400\nactive_file 50\n";
        assert_eq!(left("1000\n", "800\n", stat), Some(1000 - 350));
        assert_eq!(left("100\n", "800\n", stat), Some(0));
        assert_eq!(left("max\n", "800\n", stat), None);
        assert_eq!(left("1000\n", "800\n", ""), Some(200));
    }
}
