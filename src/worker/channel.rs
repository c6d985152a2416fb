//! The two ends of the worker's conversation with its parent.

use std::fs::File;
use std::io::{BufRead, Write};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Signal, getpid, kill_process};

use crate::domain::protocol::{WorkerCommand, WorkerEvent};
use crate::domain::quality::TEXT_FILE_BYTES_LIMIT;

/// How long a busy worker may go on after its parent has hung up.
const GRACE: Duration = Duration::from_secs(1);

/// Longest command taken: an evaluation text of the longest kind, every character
/// of it escaped (`\u0001`), and all prompts, generously.
const MAX_LINE_BYTES: usize = 6 * TEXT_FILE_BYTES_LIMIT + (80 << 20);

/// Where events go.
pub(super) struct Events(File);

impl Events {
    /// Says one event. A parent that has gone is not told.
    pub(super) fn send(&mut self, event: &WorkerEvent) {
        let line = match serde_json::to_string(event) {
            Ok(line) => line + "\n",
            Err(error) => {
                eprintln!("whittle worker: an event could not be written: {error}");
                return;
            }
        };
        let _ = self.0.write_all(line.as_bytes());
    }
}

/// Opens both ends. Standard output is moved to a descriptor of its own and
/// replaced by standard error, so that nothing native can write among events.
pub(super) fn open() -> anyhow::Result<(Receiver<Result<WorkerCommand, String>>, Events)> {
    let own = rustix::io::dup(rustix::stdio::stdout()).context("duplicating standard output")?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).context("redirecting standard output")?;

    // Bounded: the parent waits for an answer before it says more.
    let (sender, receiver) = mpsc::sync_channel(4);
    thread::Builder::new()
        .name("commands".to_owned())
        .spawn(move || {
            read_commands(&sender);
            // The parent is gone: an idle worker ends when `sender` drops, a
            // busy one after the grace.
            drop(sender);
            thread::sleep(GRACE);
            let _ = kill_process(getpid(), Signal::KILL);
        })
        .context("starting the thread that reads commands")?;
    Ok((receiver, Events(File::from(own))))
}

fn read_commands(sender: &mpsc::SyncSender<Result<WorkerCommand, String>>) {
    for line in std::io::stdin().lock().split(b'\n') {
        let Ok(line) = line else { return };
        let command = if line.len() > MAX_LINE_BYTES {
            Err(format!("a command of {} bytes is too long", line.len()))
        } else {
            serde_json::from_slice(&line).map_err(|error| format!("not a command: {error}"))
        };
        if sender.send(command).is_err() {
            return;
        }
    }
}
