//! Output that nobody reads any more.

use std::panic;

/// What printing panics with where whoever read the output has gone, as `head` does
/// after some lines.
const CLOSED: &str = "failed printing to stdout: Broken pipe";

/// Lets the program end then, in order, without a word of a fault: there is none.
pub(super) fn end_quietly() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let words = panic.payload_as_str();
        if !words.is_some_and(|words| words.starts_with(CLOSED)) {
            usual(panic);
        }
    }));
}
