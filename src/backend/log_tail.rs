//! The last lines of a worker's log, bounded in number and length.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::task::JoinHandle;

/// Lines kept: enough to see what llama.cpp was about.
const LINES: usize = 40;
/// Characters kept of a line: model metadata is printed there and is untrusted.
const LINE_CHARS: usize = 400;

/// Reads a log to its end in the background.
pub(super) struct LogTail {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: JoinHandle<()>,
}

impl LogTail {
    /// Starts reading.
    pub(super) fn of(log: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let reader = tokio::spawn(read(log, Arc::clone(&lines)));
        Self { lines, reader }
    }

    /// The last lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }

    /// The last lines once the writer has closed the log.
    pub(super) async fn last_lines(&mut self) -> Vec<String> {
        // A grandchild may hold the log open: do not wait for it for long.
        let end = std::time::Duration::from_millis(500);
        let _ = tokio::time::timeout(end, &mut self.reader).await;
        self.lines()
    }
}

async fn read(log: impl AsyncRead + Unpin, lines: Arc<Mutex<VecDeque<String>>>) {
    let mut log = BufReader::new(log);
    let mut line = Vec::new();
    while matches!(log.read_until(b'\n', &mut line).await, Ok(n) if n > 0) {
        let text: String = String::from_utf8_lossy(&line)
            .trim_end()
            .chars()
            .take(LINE_CHARS)
            .collect();
        line.clear();
        // llama.cpp prints rows of dots while it loads.
        if text.trim_matches('.').is_empty() {
            continue;
        }
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(text);
    }
}
