//! What is said while another has the machine: once that it waits and for whom, and once
//! that it goes on. The same for every command.

use std::time::Instant;

use anyhow::Context;
use indicatif::ProgressBar;

use crate::domain::event::SOMEBODY;
use crate::domain::units;
use crate::machine_lock::{Holder, MachineLock};

/// A wait that was announced.
pub(super) struct Wait {
    /// Whether its end is said: a bar shows it.
    in_lines: bool,
    since: Instant,
}

impl Wait {
    /// Says that it waits for the machine, and for whom: on the bar, or, where none is
    /// shown, in a line.
    pub(super) fn for_machine(bar: &ProgressBar) -> Self {
        let why = busy(holder().as_ref());
        bar.set_message(why.clone());
        let in_lines = bar.is_hidden();
        if in_lines {
            eprintln!("{why}; this goes on as soon as the machine is free");
        }
        Self {
            in_lines,
            since: Instant::now(),
        }
    }

    /// Says why finding `model` takes its time: its file is read at first sight, and that
    /// waits for the machine. None: nobody is known to be waited for.
    pub(super) fn for_reading(model: &str) -> Option<Self> {
        match holder() {
            Some(other) if !other.is_this_process() => {
                let why = busy(Some(&other));
                eprintln!(
                    "{why}; {model} is read for the first time as soon as the machine is free"
                );
                return Some(Self {
                    in_lines: true,
                    since: Instant::now(),
                });
            }
            Some(_) => eprintln!("reading {model} for the first time"),
            None => eprintln!(
                "reading {model} for the first time, once the machine is not busy with another \
                 measurement"
            ),
        }
        None
    }

    /// Says that it goes on.
    pub(super) fn over(self) {
        if self.in_lines {
            let waited = units::duration(self.since.elapsed().as_secs_f64());
            eprintln!("going on: the machine is free, after {waited}");
        }
    }
}

/// Takes the machine, and says so where it has to wait.
pub(super) async fn take_machine(bar: &ProgressBar) -> anyhow::Result<MachineLock> {
    let path = MachineLock::default_path();
    let failed = || format!("the machine's lock {} cannot be taken", path.display());
    if let Some(lock) = MachineLock::try_take(&path).with_context(failed)? {
        return Ok(lock);
    }
    let wait = Wait::for_machine(bar);
    let lock = MachineLock::take(&path).await.with_context(failed)?;
    wait.over();
    Ok(lock)
}

fn holder() -> Option<Holder> {
    MachineLock::holder(&MachineLock::default_path())
}

fn busy(holder: Option<&Holder>) -> String {
    let with = holder.map_or_else(|| SOMEBODY.to_owned(), Holder::in_words);
    format!("waiting: the machine is busy with {with}")
}
