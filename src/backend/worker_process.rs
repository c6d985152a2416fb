//! One worker process as its parent sees it: started, asked, watched, ended.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::error::WorkerError;
use super::log_tail::LogTail;
use crate::domain::environment::EngineInfo;
use crate::domain::protocol::{WorkerCommand, WorkerEvent};

/// The variables that a worker inherits; everything else is cleared.
const INHERITED: [&str; 6] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
];

/// Longest event taken: the raw gaps of the longest request, generously.
const MAX_LINE_BYTES: u64 = 8 << 20;

/// Starts workers, all in the same way.
#[derive(Debug, Clone)]
pub struct WorkerLauncher {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// How long a worker may say nothing.
    pub deadlines: Deadlines,
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
        })
    }
}

/// A running worker. Dropping it kills its whole process group at once.
pub struct WorkerProcess {
    child: Child,
    /// Its process id, which is its group's too.
    pid: u32,
    /// None once hung up.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    log: LogTail,
    deadlines: Deadlines,
}

impl WorkerProcess {
    /// Starts a worker and waits for its first event.
    ///
    /// # Errors
    /// When it cannot be started or does not introduce itself.
    pub async fn start(launcher: &WorkerLauncher) -> Result<(Self, EngineInfo), WorkerError> {
        let mut command = Command::new(&launcher.program);
        command
            .args(&launcher.arguments)
            .env_clear()
            .envs(
                INHERITED
                    .iter()
                    .filter_map(|name| Some((*name, std::env::var_os(name)?))),
            )
            // Otherwise an abort starts a debugger on itself and waits for it.
            .env("GGML_NO_BACKTRACE", "1")
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(WorkerError::Start)?;
        let missing = || WorkerError::Start(std::io::Error::other("a pipe is missing"));
        let mut worker = Self {
            pid: child.id().ok_or_else(missing)?,
            input: Some(child.stdin.take().ok_or_else(missing)?),
            output: BufReader::new(child.stdout.take().ok_or_else(missing)?),
            log: LogTail::of(child.stderr.take().ok_or_else(missing)?),
            deadlines: launcher.deadlines,
            child,
        };
        match worker
            .next_event("starting", launcher.deadlines.start)
            .await?
        {
            WorkerEvent::Started { engine } => Ok((worker, engine)),
            other => Err(worker.unexpected("starting", &other)),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends one command and waits for its answer; events on the way go to
    /// `on_event`. `doing` names the work in errors.
    ///
    /// # Errors
    /// When the worker refuses, ends, hangs or talks nonsense.
    pub async fn ask(
        &mut self,
        command: &WorkerCommand,
        doing: &'static str,
        mut on_event: impl FnMut(&WorkerEvent),
    ) -> Result<WorkerEvent, WorkerError> {
        let line = match serde_json::to_string(command) {
            Ok(line) => line + "\n",
            Err(error) => return Err(WorkerError::Start(error.into())),
        };
        // A worker that has ended cannot be written to; reading says why.
        if let Some(input) = &mut self.input {
            let _ = input.write_all(line.as_bytes()).await;
        }
        let mut deadline = self.deadlines.compute;
        loop {
            let event = self.next_event(doing, deadline).await?;
            match event {
                WorkerEvent::Failed { kind, message } => {
                    return Err(WorkerError::Refused {
                        kind,
                        message,
                        log: self.log.lines(),
                    });
                }
                WorkerEvent::LoadProgress { .. } => on_event(&event),
                WorkerEvent::Progress { .. } => {
                    deadline = self.deadlines.token;
                    on_event(&event);
                }
                answer => return Ok(answer),
            }
        }
    }

    /// Ends the worker: hangs up, and kills it when it does not go by itself.
    pub async fn stop(mut self) {
        self.input = None;
        let grace = Duration::from_secs(2);
        if tokio::time::timeout(grace, self.child.wait())
            .await
            .is_err()
        {
            kill_group(self.pid);
            let _ = self.child.wait().await;
        }
    }

    /// An answer that does not belong to its question.
    pub fn unexpected(&self, doing: &'static str, event: &WorkerEvent) -> WorkerError {
        WorkerError::Protocol {
            doing,
            line: excerpt(format!("{event:?}").as_bytes()),
            log: self.log.lines(),
        }
    }

    async fn next_event(
        &mut self,
        doing: &'static str,
        deadline: Duration,
    ) -> Result<WorkerEvent, WorkerError> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.output).take(MAX_LINE_BYTES);
        let read = bounded.read_until(b'\n', &mut line);
        match tokio::time::timeout(deadline, read).await {
            Err(_) => {
                kill_group(self.pid);
                Err(WorkerError::Hung {
                    doing,
                    after: deadline,
                    log: self.log.last_lines().await,
                })
            }
            Ok(Ok(n)) if n > 0 => self.parsed(doing, &line).await,
            Ok(_) => Err(self.ended(doing).await),
        }
    }

    async fn parsed(
        &mut self,
        doing: &'static str,
        line: &[u8],
    ) -> Result<WorkerEvent, WorkerError> {
        // A last line that is cut off means that the worker died writing it.
        if !line.ends_with(b"\n") && (line.len() as u64) < MAX_LINE_BYTES {
            return Err(self.ended(doing).await);
        }
        match serde_json::from_slice(line) {
            Ok(event) => Ok(event),
            Err(_) => {
                kill_group(self.pid);
                Err(WorkerError::Protocol {
                    doing,
                    line: excerpt(line),
                    log: self.log.last_lines().await,
                })
            }
        }
    }

    async fn ended(&mut self, doing: &'static str) -> WorkerError {
        let grace = Duration::from_secs(2);
        let status = match tokio::time::timeout(grace, self.child.wait()).await {
            Ok(status) => status.ok(),
            Err(_) => {
                kill_group(self.pid);
                None
            }
        };
        let (how, hint) = end_in_words(status);
        WorkerError::Ended {
            doing,
            how,
            hint,
            log: self.log.last_lines().await,
        }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        // While the child is not waited for, its id cannot belong to another.
        if self.child.id().is_some() {
            kill_group(self.pid);
        }
    }
}

fn kill_group(pid: u32) {
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended in the meantime.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn end_in_words(status: Option<ExitStatus>) -> (String, &'static str) {
    let Some(status) = status else {
        return ("closed its output".to_owned(), "");
    };
    match (status.signal(), status.code()) {
        (Some(6), _) => (
            "aborted (signal 6, SIGABRT)".to_owned(),
            ": llama.cpp met something it cannot handle, see its log",
        ),
        (Some(9), _) => (
            "was killed (signal 9, SIGKILL)".to_owned(),
            ": by someone, or by the system because memory ran out",
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

fn excerpt(line: &[u8]) -> String {
    String::from_utf8_lossy(line)
        .trim_end()
        .chars()
        .take(120)
        .collect()
}
