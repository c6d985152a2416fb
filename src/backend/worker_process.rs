//! One worker process as its parent sees it: started, asked, watched, ended.

use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::ending::{end_in_words, oom_kills};
use super::error::WorkerError;
use super::launcher::{Deadlines, Grant, WorkerLauncher};
use super::log_tail::LogTail;
use super::reaper::Reaper;
use crate::domain::environment::{EngineInfo, Sandbox};
use crate::domain::printable::printable;
use crate::domain::protocol::{WorkerCommand, WorkerEvent};

/// Longest event taken: the raw gaps of the longest request, generously.
const MAX_LINE_BYTES: u64 = 8 << 20;

/// How long a worker that was told to go may take.
const GRACE: Duration = Duration::from_secs(2);

/// What a worker says of itself when it is up.
#[derive(Debug, Clone)]
pub struct Introduction {
    /// The engine.
    pub engine: EngineInfo,
    /// What it can reach.
    pub sandbox: Sandbox,
}

/// A running worker. Dropping it kills its whole process group at once and
/// leaves it to the launcher's reaper.
pub struct WorkerProcess {
    /// None once left to the reaper.
    child: Option<Child>,
    reaper: Reaper,
    /// Its process id, which is its group's too.
    pid: u32,
    /// None once hung up.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    log: LogTail,
    deadlines: Deadlines,
    /// The kernel's count when it started.
    oom_kills: Option<u64>,
}

impl WorkerProcess {
    /// Starts a worker and waits for its first event.
    ///
    /// # Errors
    /// When it cannot be started or does not introduce itself.
    pub async fn start(
        launcher: &WorkerLauncher,
        grant: Grant,
    ) -> Result<(Self, Introduction), WorkerError> {
        let mut child = launcher.spawn(grant).map_err(WorkerError::Start)?;
        let missing = || WorkerError::Start(std::io::Error::other("a pipe is missing"));
        let mut worker = Self {
            pid: child.id().ok_or_else(missing)?,
            input: Some(child.stdin.take().ok_or_else(missing)?),
            output: BufReader::new(child.stdout.take().ok_or_else(missing)?),
            log: LogTail::of(child.stderr.take().ok_or_else(missing)?),
            deadlines: launcher.deadlines,
            oom_kills: oom_kills(),
            reaper: launcher.reaper.clone(),
            child: Some(child),
        };
        match worker
            .next_event("starting", launcher.deadlines.start)
            .await?
        {
            WorkerEvent::Started { engine, sandbox } => {
                Ok((worker, Introduction { engine, sandbox }))
            }
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
        let mut deadline = self.deadlines.compute;
        // A worker that has ended cannot be written to; reading says why. One that is
        // frozen takes no more than a pipe holds.
        if let Some(input) = &mut self.input {
            let written = input.write_all(line.as_bytes());
            if tokio::time::timeout(deadline, written).await.is_err() {
                return Err(self.hung(doing, deadline).await);
            }
        }
        loop {
            let event = self.next_event(doing, deadline).await?;
            match event {
                WorkerEvent::Failed { kind, message } => {
                    return Err(WorkerError::Refused {
                        kind,
                        message: printable(&message),
                        log: self.log.lines(),
                    });
                }
                WorkerEvent::LoadProgress { .. }
                | WorkerEvent::PromptProgress
                | WorkerEvent::ImatrixProgress { .. }
                | WorkerEvent::TensorProgress { .. }
                | WorkerEvent::Pruning(_)
                | WorkerEvent::Searched(_)
                | WorkerEvent::Scored(_)
                | WorkerEvent::Answering { .. }
                | WorkerEvent::Answered { .. } => on_event(&event),
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
        if tokio::time::timeout(GRACE, self.exit()).await.is_err() {
            kill_group(self.pid);
            // One that is stuck in the kernel is left to the reaper.
            let _ = tokio::time::timeout(GRACE, self.exit()).await;
        }
    }

    /// Waits until it is gone.
    async fn exit(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.wait().await.ok()
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
            Err(_) => Err(self.hung(doing, deadline).await),
            Ok(Ok(n)) if n > 0 => self.parsed(doing, &line).await,
            Ok(_) => Err(self.ended(doing).await),
        }
    }

    async fn hung(&mut self, doing: &'static str, after: Duration) -> WorkerError {
        kill_group(self.pid);
        WorkerError::Hung {
            doing,
            after,
            log: self.log.last_lines().await,
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
        let status = match tokio::time::timeout(GRACE, self.exit()).await {
            Ok(status) => status,
            Err(_) => {
                kill_group(self.pid);
                None
            }
        };
        let (how, hint) = end_in_words(status, oom_kills() > self.oom_kills);
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
        if let Some(child) = self.child.take().filter(|child| child.id().is_some()) {
            kill_group(self.pid);
            self.reaper.take(child);
        }
    }
}

fn kill_group(pid: u32) {
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended in the meantime.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn excerpt(line: &[u8]) -> String {
    let text = printable(String::from_utf8_lossy(line).trim_end());
    text.chars().take(120).collect()
}
