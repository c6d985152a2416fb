//! The child side: commands in on standard input, events out on standard
//! output, llama.cpp's log on standard error. Native code runs only here.

mod answers;
mod cgroup;
mod channel;
mod generate;
mod limits;
mod make;
mod process;
mod prune;
mod quality;
mod sandbox;
mod serve;

use std::path::PathBuf;

use crate::domain::protocol::WorkerEvent;
use crate::engine;
use process::Memory;

/// What a worker is given by its parent, on its command line.
#[derive(Debug, Default, clap::Args)]
pub struct WorkerOptions {
    /// The descriptors of the models, inherited.
    #[arg(long)]
    model_fd: Vec<i32>,
    /// The folder that files may be written to.
    #[arg(long)]
    write_to: Option<PathBuf>,
    /// Most private memory, bytes.
    #[arg(long)]
    memory_bytes: Option<u64>,
}

/// Runs a worker until its input ends.
///
/// # Errors
/// When the channel to the parent cannot be set up.
pub fn run(options: &WorkerOptions) -> anyhow::Result<()> {
    limits::apply(options.memory_bytes);
    let mut memory = Memory::new();
    // Before there is another thread, which would stay outside.
    let sandbox = sandbox::confine(&options.model_fd, options.write_to.as_deref());
    let (commands, mut events) = channel::open()?;
    engine::capture_log();
    events.send(&WorkerEvent::Started {
        engine: engine::engine_info(),
        sandbox,
    });
    serve::serve(&commands, &mut memory, &mut events);
    Ok(())
}
