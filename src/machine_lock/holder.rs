//! Who has the machine's lock, as far as the system tells: Linux does, by its list of
//! locks. Nothing has to be written for it, and nothing is left of one that was killed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Longest name of a program that is told on, in characters.
const NAME_CHARS_LIMIT: usize = 40;

/// A process that has the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its program, and the command where that is one word: `whittle bench`.
    pub program: String,
    /// Its id.
    pub pid: u32,
    /// Whether it measures or makes a model; else it reads one.
    pub is_work: bool,
}

impl Holder {
    /// Who has the lock at `path`; none: nobody, or the system does not tell.
    pub(super) fn of(path: &Path, is_work: bool) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let inode = path.metadata().ok()?.ino();
        let locks = fs::read_to_string("/proc/locks").ok()?;
        let mut owners = locks.lines().filter_map(|line| owner(line, inode));
        // Files of several disks may have one number.
        let pid = owners.find(|pid| has_open(*pid, &path))?;
        let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        Some(Self {
            program: program(&words)?,
            pid,
            is_work,
        })
    }

    /// Whether it is this process: one thread may wait for another.
    pub fn is_this_process(&self) -> bool {
        self.pid == std::process::id()
    }

    /// With what it keeps the machine busy: `whittle bench (process 4123), which measures,
    /// or makes a model`.
    pub fn in_words(&self) -> String {
        let does = match (self.is_this_process(), self.is_work) {
            (true, true) => {
                return "a measurement of this Whittle, or with predicting a size".to_owned();
            }
            (true, false) => return "reading a new model of the library".to_owned(),
            (false, true) => "measures, or makes a model",
            (false, false) => "reads a new model",
        };
        format!("{} (process {}), which {does}", self.program, self.pid)
    }
}

/// Who has the whole of the file with this number for itself, by a line of the list:
/// `8: FLOCK  ADVISORY  WRITE 32261 fe:00:10029368 0 EOF`. In the lines of those who wait
/// `->` stands before the kind.
fn owner(line: &str, inode: u64) -> Option<u32> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, "FLOCK", _, "WRITE", pid, file, ..] = words[..] else {
        return None;
    };
    let (_, number) = file.rsplit_once(':')?;
    match number.parse::<u64>() == Ok(inode) {
        true => pid.parse().ok(),
        false => None,
    }
}

fn has_open(pid: u32, path: &Path) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd"));
    let mut files = files.into_iter().flatten().flatten();
    files.any(|file| fs::read_link(file.path()).is_ok_and(|open| open == path))
}

/// A command line with a NUL after each word, as people say it. Any program may have
/// written anything there.
fn program(words: &[u8]) -> Option<String> {
    let mut words = words.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let name = words.next()?;
    let name = Path::new(&*name).file_name()?.to_string_lossy();
    let name = name.chars().filter(|c| !c.is_control());
    let mut said: String = name.take(NAME_CHARS_LIMIT).collect();
    let is_command = |word: &str| {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(is_letter)
    };
    if let Some(command) = words.next().filter(|word| is_command(word)) {
        said.push(' ');
        said.extend(command.chars().take(NAME_CHARS_LIMIT));
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_file_for_itself_is_told_from_those_who_wait_share_or_have_another() {
        let has = "8: FLOCK  ADVISORY  WRITE 32261 fe:00:10029368 0 EOF";
        assert_eq!(owner(has, 10_029_368), Some(32_261));
        assert_eq!(owner(has, 29_368), None);
        for other in [
            "8: -> FLOCK  ADVISORY  WRITE 32262 fe:00:10029368 0 EOF",
            "9: FLOCK  ADVISORY  READ 32263 fe:00:10029368 0 EOF",
            "10: POSIX  ADVISORY  WRITE 32264 fe:00:10029368 0 EOF",
            "11: FLOCK",
            "",
        ] {
            assert_eq!(owner(other, 10_029_368), None, "{other}");
        }
    }

    #[test]
    fn a_program_is_called_by_its_name_and_command() {
        for (words, said) in [
            (
                "/opt/bin/whittle\0bench\0/home/me/model.gguf\0",
                Some("whittle bench"),
            ),
            ("whittle\0pruning-table\0", Some("whittle pruning-table")),
            ("whittle\0--version\0", Some("whittle")),
            ("evil\u{1b}[2J\0rm\u{7}\0", Some("evil[2J")),
            ("", None),
        ] {
            assert_eq!(program(words.as_bytes()).as_deref(), said, "{words:?}");
        }
    }

    #[test]
    fn whoever_has_the_machine_is_named_with_what_it_does() {
        let of = |pid, is_work| Holder {
            program: "whittle serve".to_owned(),
            pid,
            is_work,
        };
        let own = std::process::id();
        for (holder, says) in [
            (
                of(own + 1, true),
                "whittle serve (process PID), which measures, or makes a model",
            ),
            (
                of(own + 1, false),
                "whittle serve (process PID), which reads a new model",
            ),
            (of(own, false), "reading a new model of the library"),
            (
                of(own, true),
                "a measurement of this Whittle, or with predicting a size",
            ),
        ] {
            let says = says.replace("PID", &(own + 1).to_string());
            assert_eq!(holder.in_words(), says);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_holds_the_lock_is_known_with_what_it_does() {
        use crate::machine_lock::MachineLock;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("machine.lock");
        assert_eq!(MachineLock::holder(&path), None);
        let lock = MachineLock::try_take(&path).expect("a file");
        let at_work = MachineLock::holder(&path).expect("a holder");
        assert!(at_work.is_work && at_work.is_this_process(), "{at_work:?}");
        drop(lock);
        assert_eq!(MachineLock::holder(&path), None);
        let lock = MachineLock::wait(&path).expect("the lock");
        let reading = MachineLock::holder(&path).expect("a holder");
        assert!(!reading.is_work, "{reading:?}");
        drop(lock);
    }
}
