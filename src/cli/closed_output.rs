//! Output that nobody reads any more.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

/// What printing panics with where whoever read the output has gone, as `head` does
/// after some lines.
const CLOSED: &str = "failed printing to stdout: Broken pipe";

/// Does `work`, and ends it in order, without a word of a fault, where nobody reads
/// what it prints any more: there is none.
pub(super) fn unless_closed(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !is_closed(panic.payload()) {
            usual(panic);
        }
    }));
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done,
        Err(panic) if is_closed(&*panic) => Ok(()),
        Err(panic) => panic::resume_unwind(panic),
    }
}

fn is_closed(panic: &(dyn Any + Send)) -> bool {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words.is_some_and(|words| words.starts_with(CLOSED))
}
