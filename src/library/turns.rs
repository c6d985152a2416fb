//! The machine's lock while new files are read: given up in between, in the middle of
//! a file too, where somebody waits for it.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::machine_lock::{MachineLock, TURN};

/// How long files are read before those who wait to measure get their turn: a store of
/// hundreds of gigabytes, or one file of as many, must not keep them until its end.
const STRETCH: Duration = Duration::from_secs(1);

/// Whose turn it is.
pub(super) struct Turns {
    lock_path: PathBuf,
    /// With since when.
    held: Option<(MachineLock, Instant)>,
    /// For how long it was held since others last had their turn.
    read_for: Duration,
}

impl Turns {
    pub(super) fn at(lock_path: PathBuf) -> Self {
        Self {
            lock_path,
            held: None,
            read_for: Duration::ZERO,
        }
    }

    /// Blocks until the machine is this reader's: before each piece of a file.
    ///
    /// # Errors
    /// When the lock cannot be taken at all.
    pub(super) fn take(&mut self) -> io::Result<()> {
        let read_for = |(_, since): &(MachineLock, Instant)| self.read_for + since.elapsed();
        if self.held.as_ref().map(read_for) > Some(STRETCH) {
            self.give();
        }
        if self.held.is_none() {
            self.held = Some((MachineLock::wait(&self.lock_path)?, Instant::now()));
        }
        Ok(())
    }

    /// Lets the machine go, and leaves it to others who want it after a good while.
    pub(super) fn give(&mut self) {
        if let Some((lock, since)) = self.held.take() {
            self.read_for += since.elapsed();
            drop(lock);
        }
        if self.read_for > STRETCH {
            if MachineLock::is_wanted(&self.lock_path) {
                std::thread::sleep(TURN);
            }
            self.read_for = Duration::ZERO;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_gives_way_in_its_middle() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("machine.lock");
        let mut turns = Turns::at(path.clone());
        turns.take().expect("the lock");
        let waits = std::thread::spawn({
            let path = path.clone();
            move || MachineLock::wait(&path).map(drop)
        });
        let begun = Instant::now();
        while !waits.is_finished() {
            assert!(
                begun.elapsed() < 20 * STRETCH,
                "it waits for the whole file"
            );
            std::thread::sleep(STRETCH / 50);
            turns.take().expect("the lock");
        }
        waits.join().expect("no panic").expect("the lock");
        let others = MachineLock::try_take(&path).expect("a file");
        assert!(others.is_none(), "it is read on");
        turns.give();
        assert!(MachineLock::try_take(&path).expect("a file").is_some());
    }
}
