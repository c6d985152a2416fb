//! The child side: commands in on standard input, events out on standard
//! output, llama.cpp's log on standard error. Native code runs only here.

mod channel;
mod generate;
mod limits;
mod process;
mod serve;

use crate::domain::protocol::WorkerEvent;
use crate::engine;

/// Runs a worker until its input ends.
///
/// # Errors
/// When the channel to the parent cannot be set up.
pub fn run() -> anyhow::Result<()> {
    limits::apply();
    let (commands, mut events) = channel::open()?;
    engine::capture_log();
    events.send(&WorkerEvent::Started {
        engine: engine::engine_info(),
    });
    serve::serve(&commands, &mut events);
    Ok(())
}
