//! How workers are started: the program, what it inherits, what it is given.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use tokio::process::{Child, Command};

use super::reaper::Reaper;

/// glibc then asks for huge pages. In small ones the speed of a launch hangs on where
/// the system finds them: of two copies of a model, the one launched first was 7 %
/// slower, whichever it was.
const HUGE_PAGES: &str = "glibc.malloc.hugetlb=1";
/// The same, with the thresholds that glibc comes to by itself once it has freed 32 MiB in
/// one piece, from the start: of what is freed, 64 MiB are kept for what comes next. Pruning
/// takes and frees as much for every block, and the system would clear each page anew.
const HUGE_PAGES_KEPT: &str = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432\
     :glibc.malloc.trim_threshold=67108864";

/// The variables that a worker inherits; everything else is cleared.
const INHERITED: [&str; 6] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
];

/// Starts workers, all in the same way.
#[derive(Debug, Clone)]
pub struct WorkerLauncher {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// How long a worker may say nothing.
    pub deadlines: Deadlines,
    /// Most private memory of a worker, bytes; none: what is available when its
    /// work begins.
    pub memory_bytes: Option<u64>,
    /// Waits for those that were killed.
    pub reaper: Reaper,
}

/// How long a worker may say nothing before it counts as hung.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Between starting and the first event.
    pub start: Duration,
    /// Between two events while loading, or before the first token: a large
    /// model on a slow disk or processor is silent for minutes.
    pub compute: Duration,
    /// Between two events once tokens come.
    pub token: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(20),
            compute: Duration::from_secs(900),
            token: Duration::from_secs(120),
        }
    }
}

impl WorkerLauncher {
    /// Workers of this very program.
    ///
    /// # Errors
    /// When the system does not say where the program is.
    pub fn current_program() -> std::io::Result<Self> {
        Ok(Self {
            program: if cfg!(target_os = "linux") {
                // Still this very program when its file was replaced meanwhile.
                PathBuf::from("/proc/self/exe")
            } else {
                std::env::current_exe()?
            },
            arguments: vec!["worker".into()],
            deadlines: Deadlines::default(),
            memory_bytes: None,
            reaper: Reaper::default(),
        })
    }

    /// Starts a worker in a process group of its own; it ends when dropped,
    /// as a last resort.
    pub(super) fn spawn(&self, grant: Grant) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .args(grant.arguments())
            .env_clear()
            .envs(
                INHERITED
                    .iter()
                    .filter_map(|name| Some((*name, std::env::var_os(name)?))),
            )
            // Otherwise an abort starts a debugger on itself and waits for it.
            .env("GGML_NO_BACKTRACE", "1")
            .env("GLIBC_TUNABLES", grant.allocation())
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
            .fd_mappings(grant.descriptors())
            .map_err(std::io::Error::other)?;
        command.spawn()
    }
}

/// What a worker is granted.
#[derive(Debug, Default)]
pub struct Grant {
    /// The model, open: what was checked is what is read, whatever happens to
    /// the path.
    pub model: Option<File>,
    /// The models that it compares with that one, open.
    pub variants: Vec<File>,
    /// The only folder that it may write to.
    pub write_to: Option<PathBuf>,
    /// Most private memory that it may take, bytes.
    pub memory_bytes: Option<u64>,
}

/// The model's descriptor in a worker; those of its variants follow.
const MODEL_FD: i32 = 3;

impl Grant {
    /// Where a worker finds the model at `path`: where the
    /// system lets a descriptor be opened anew, by the descriptor.
    pub fn model_path(path: &Path) -> String {
        inherited_path(MODEL_FD, path)
    }

    /// The same for the variant `number`, from 0.
    pub fn variant_path(number: usize, path: &Path) -> String {
        inherited_path(variant_fd(number), path)
    }

    /// How it allocates. Whoever measures, whose memory is a figure, does so as usual.
    fn allocation(&self) -> &'static str {
        match self.write_to {
            Some(_) => HUGE_PAGES_KEPT,
            None => HUGE_PAGES,
        }
    }

    /// The worker's arguments that say so.
    fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        let model = self.model.iter().map(|_| MODEL_FD);
        for fd in model.chain((0..self.variants.len()).map(variant_fd)) {
            arguments.extend(["--model-fd".into(), fd.to_string().into()]);
        }
        if let Some(folder) = &self.write_to {
            arguments.extend(["--write-to".into(), folder.into()]);
        }
        if let Some(bytes) = self.memory_bytes {
            arguments.extend(["--memory-bytes".into(), bytes.to_string().into()]);
        }
        arguments
    }

    /// The descriptors that it inherits.
    fn descriptors(self) -> Vec<FdMapping> {
        let model = self.model.map(|model| (MODEL_FD, model));
        let variants = (0..).map(variant_fd).zip(self.variants);
        let inherited = model.into_iter().chain(variants);
        let mapping = |(child_fd, file)| FdMapping {
            parent_fd: OwnedFd::from(file),
            child_fd,
        };
        inherited.map(mapping).collect()
    }
}

fn variant_fd(number: usize) -> i32 {
    i32::try_from(number).map_or(i32::MAX, |number| MODEL_FD + 1 + number)
}

fn inherited_path(fd: i32, path: &Path) -> String {
    if cfg!(target_os = "linux") {
        format!("/proc/self/fd/{fd}")
    } else {
        path.to_string_lossy().into_owned()
    }
}
