//! llama.cpp's log: passed on to standard error, its last lines kept for errors. Not what
//! is meant for its developers: a context of many blocks gives hundreds of such lines,
//! before which nothing else would be kept.

#![expect(unsafe_code, reason = "registers a callback with llama.cpp")]

use std::collections::VecDeque;
use std::ffi::{CStr, c_char, c_void};
use std::io::Write;
use std::ptr;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use llama_cpp_sys_2 as sys;

use crate::domain::printable::printable;

/// Lines kept: a load prints about 150, and the interesting ones come last.
const KEPT_LINES: usize = 200;

#[derive(Default)]
struct Log {
    lines: VecDeque<(sys::ggml_log_level, String)>,
    partial: String,
    partial_level: sys::ggml_log_level,
    /// Of the last text that is no continuation, also of one that is not kept.
    last_level: sys::ggml_log_level,
    listener: Option<Sender<String>>,
}

static LOG: Mutex<Log> = Mutex::new(Log {
    lines: VecDeque::new(),
    partial: String::new(),
    partial_level: 0,
    last_level: 0,
    listener: None,
});

/// Sends llama.cpp's log here, once per process and before anything else.
pub(crate) fn capture_log() {
    // SAFETY: `on_log` is a plain function that lives as long as the program,
    // takes any text and never unwinds: it does not panic on poisoned locks or
    // a closed standard error.
    unsafe { sys::llama_log_set(Some(on_log), ptr::null_mut()) };
}

/// The reason for a failure: the last error lines, else the last line at all.
pub(crate) fn last_error() -> String {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    let errors: Vec<&str> = log
        .lines
        .iter()
        .filter(|(level, _)| *level == sys::GGML_LOG_LEVEL_ERROR)
        .map(|(_, line)| line.as_str())
        .collect();
    let tail = errors.len().saturating_sub(3);
    match (errors.is_empty(), log.lines.back()) {
        (false, _) => errors[tail..].join("; "),
        (true, Some((_, line))) => line.clone(),
        (true, None) => "it gave no reason".to_owned(),
    }
}

/// The newest line that contains `words`.
pub(crate) fn newest_line_with(words: &str) -> Option<String> {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    let mut newest_first = log.lines.iter().rev();
    newest_first
        .find(|(_, line)| line.contains(words))
        .map(|(_, line)| line.clone())
}

/// Every text from now on, in the pieces in which llama.cpp prints it; ends with
/// `stop_listening`.
pub(super) fn listen() -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    log.listener = Some(sender);
    receiver
}

/// Lets the listener's channel end.
pub(super) fn stop_listening() {
    let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    log.listener = None;
}

extern "C" fn on_log(level: sys::ggml_log_level, text: *const c_char, _: *mut c_void) {
    if text.is_null() {
        return;
    }
    // SAFETY: llama.cpp passes a NUL-terminated text that lives for the call.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    if level != sys::GGML_LOG_LEVEL_CONT {
        log.last_level = level;
    }
    if log.last_level == sys::GGML_LOG_LEVEL_DEBUG {
        return;
    }
    log.partial_level = log.last_level;
    // Standard error may be closed; there is nobody left to tell then.
    let _ = std::io::stderr().write_all(text.as_bytes());
    if let Some(listener) = &log.listener {
        // Whoever listened may have ended.
        let _ = listener.send(text.clone().into_owned());
    }
    log.partial.push_str(&text);
    while let Some(end) = log.partial.find('\n') {
        let line: String = log.partial.drain(..=end).collect();
        let level = log.partial_level;
        log.lines.push_back((level, printable(line.trim_end())));
        if log.lines.len() > KEPT_LINES {
            log.lines.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use super::*;

    fn say(level: sys::ggml_log_level, text: &str) {
        let text = CString::new(text).expect("a text");
        on_log(level, text.as_ptr(), ptr::null_mut());
    }

    #[test]
    fn what_is_for_developers_pushes_nothing_out() {
        say(sys::GGML_LOG_LEVEL_INFO, "Kept Thing ");
        say(sys::GGML_LOG_LEVEL_CONT, "enabled\n");
        for _ in 0..2 * KEPT_LINES {
            say(sys::GGML_LOG_LEVEL_DEBUG, "Graph Thing\n");
            say(sys::GGML_LOG_LEVEL_CONT, "Graph Thing\n");
        }
        let line = newest_line_with("Thing");
        assert_eq!(line.as_deref(), Some("Kept Thing enabled"));
    }
}
