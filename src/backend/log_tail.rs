//! The last lines of a worker's log, bounded in number and length, fit to be shown.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader};
use tokio::task::JoinHandle;

use crate::domain::printable::printable;

/// Lines kept: enough to see what llama.cpp was about.
const LINES: usize = 40;
/// Characters kept of a line: model metadata is printed there and is untrusted.
const LINE_CHARS: usize = 400;
/// Bytes kept of a line: as many as those characters can have.
const LINE_BYTES: usize = 4 * LINE_CHARS;

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
    while let Some(line) = next_line(&mut log).await {
        keep(&line, &lines);
    }
}

/// The beginning of the next line, whose rest is skipped however long it goes on; none
/// at the end of the log.
async fn next_line(log: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        let read = log.fill_buf().await.ok()?;
        if read.is_empty() {
            return (!line.is_empty()).then_some(line);
        }
        let end = read.iter().position(|byte| *byte == b'\n');
        let n = end.map_or(read.len(), |end| end + 1);
        let room = LINE_BYTES - line.len();
        line.extend_from_slice(&read[..n.min(room)]);
        log.consume(n);
        if end.is_some() {
            return Some(line);
        }
    }
}

fn keep(line: &[u8], lines: &Mutex<VecDeque<String>>) {
    let text = printable(String::from_utf8_lossy(line).trim_end());
    let text: String = text.chars().take(LINE_CHARS).collect();
    // llama.cpp prints rows of dots while it loads.
    if text.trim_matches('.').is_empty() {
        return;
    }
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    if lines.len() == LINES {
        lines.pop_front();
    }
    lines.push_back(text);
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn lines_of(log: impl AsyncRead + Unpin + Send + 'static) -> Vec<String> {
        let mut log = LogTail::of(log);
        let reader = &mut log.reader;
        reader.await.expect("it is read to its end");
        log.lines()
    }

    #[tokio::test]
    async fn of_a_line_its_beginning_is_kept_and_of_a_log_its_last_lines() {
        let long = format!("{}\n", "ü".repeat(5 * LINE_CHARS));
        let mut log: String = (0..LINES).map(|n| format!("line {n}\n")).collect();
        log += &format!("{long}.....\nthe last");
        let lines = lines_of(std::io::Cursor::new(log)).await;
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines[0], "line 2");
        assert_eq!(lines[LINES - 2], "ü".repeat(LINE_CHARS));
        assert_eq!(lines[LINES - 1], "the last");
    }

    #[tokio::test]
    async fn what_a_terminal_would_act_on_is_taken_out() {
        let lines = lines_of(&b"a\x1b[31m\tb\x07\xc2\x9b2J\r\n"[..]).await;
        assert_eq!(lines, ["a\u{fffd}[31m\tb\u{fffd}\u{fffd}2J"]);
    }

    #[tokio::test]
    async fn of_a_line_that_does_not_end_no_more_is_held() {
        let mut log = BufReader::new(tokio::io::repeat(b'x').take(10 << 20));
        let line = next_line(&mut log).await.expect("a line");
        assert_eq!(line, [b'x'; LINE_BYTES]);
        assert!(line.capacity() <= 2 * LINE_BYTES, "{}", line.capacity());
        assert_eq!(next_line(&mut log).await, None);
    }
}
