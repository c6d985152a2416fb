//! The lock of the whole machine: held while measuring, and while reading a new
//! model, because whatever computes beside a measurement falsifies it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How often a waiting run looks again.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long the lock stays free between two runs of one queue, so that those
/// who wait elsewhere get their turn.
pub const TURN: Duration = Duration::from_millis(300);
/// Held for less, nothing was done that keeps a machine busy: somebody only looked.
const WORK: Duration = Duration::from_secs(1);

/// The lock, held until dropped; the system lets it go when the process ends.
pub struct MachineLock {
    file: File,
    taken: Instant,
    worked: PathBuf,
    last_worked: Option<Duration>,
}

impl MachineLock {
    /// Where the lock is: the same for every Whittle of this user, whatever
    /// its data folder, its variables or its session. (A file that two users
    /// share could not be opened by both: systems protect such folders.)
    pub fn default_path() -> PathBuf {
        let uid = rustix::process::getuid().as_raw();
        PathBuf::from(format!("/tmp/whittle-measuring-{uid}.lock"))
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// When the file cannot be opened or locked at all.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self {
                file,
                taken: Instant::now(),
                worked: worked(path),
                last_worked: age(&worked(path)),
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether somebody waits for the lock: what is measured unasked gives way.
    pub fn is_wanted(path: &Path) -> bool {
        let wished = open(&wishes(path)).map(|file| file.try_lock());
        matches!(wished, Ok(Err(TryLockError::WouldBlock)))
    }

    /// How long before it was taken somebody had worked under it, as far as is known.
    pub fn last_worked(&self) -> Option<Duration> {
        self.last_worked
    }

    /// How long ago somebody worked under the lock; zero: somebody does.
    pub fn last_worked_at(path: &Path) -> Option<Duration> {
        match Self::try_take(path).ok()? {
            Some(lock) => lock.last_worked,
            None => Some(Duration::ZERO),
        }
    }

    /// Takes the lock once it is free; blocks until then.
    ///
    /// # Errors
    /// When the file cannot be opened or locked at all.
    pub fn wait(path: &Path) -> io::Result<Self> {
        if let Some(lock) = Self::try_take(path)? {
            return Ok(lock);
        }
        let _waiting = wish_for(path)?;
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            std::thread::sleep(INTERVAL);
        }
    }

    /// Takes the lock once it is free.
    ///
    /// # Errors
    /// When the file cannot be opened or locked at all.
    pub async fn take(path: &Path) -> io::Result<Self> {
        if let Some(lock) = Self::try_take(path)? {
            return Ok(lock);
        }
        let _waiting = wish_for(path)?;
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

/// The file that all hold, side by side, who wait for the lock at `path`.
fn wishes(path: &Path) -> PathBuf {
    path.with_extension("waiting")
}

/// The file whose time is that of the last work under the lock at `path`.
fn worked(path: &Path) -> PathBuf {
    path.with_extension("worked")
}

/// How long ago a file was changed, where there is one. A clock that was set back
/// says nothing.
fn age(path: &Path) -> Option<Duration> {
    let modified = path.metadata().and_then(|file| file.modified()).ok()?;
    modified.elapsed().ok()
}

/// Says that somebody waits, until dropped. Blocks while somebody looks, which
/// takes some microseconds.
fn wish_for(path: &Path) -> io::Result<File> {
    let file = open(&wishes(path))?;
    file.lock_shared()?;
    Ok(file)
}

/// Never truncated or written: another process may hold it.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
}

impl Drop for MachineLock {
    fn drop(&mut self) {
        if self.taken.elapsed() >= WORK {
            // Where it cannot be written, the work is not known of.
            let _ = open(&self.worked).and_then(|file| file.set_modified(SystemTime::now()));
        }
        // Closing it would not do at once: a process that is just being started has
        // a copy of every descriptor until it runs its own program.
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_is_seen_and_who_has_it_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("machine.lock");
        let held = MachineLock::take(&path).await.expect("the lock");
        assert!(!MachineLock::is_wanted(&path));
        let waiting = tokio::spawn({
            let path = path.clone();
            async move { MachineLock::take(&path).await.map(drop) }
        });
        while !MachineLock::is_wanted(&path) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(held);
        waiting.await.expect("no panic").expect("the lock");
        assert!(!MachineLock::is_wanted(&path));
    }

    #[test]
    fn who_worked_under_it_is_known_and_who_only_looked_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("machine.lock");
        let take = || MachineLock::try_take(&path).expect("a file");
        drop(take().expect("it is free"));
        assert_eq!(MachineLock::last_worked_at(&path), None);
        let mut work = take().expect("it is free");
        assert_eq!(work.last_worked(), None);
        assert_eq!(MachineLock::last_worked_at(&path), Some(Duration::ZERO));
        work.taken -= WORK;
        drop(work);
        let known = take().expect("it is free").last_worked();
        assert!(known.is_some_and(|ago| ago < Duration::from_secs(60)));
        assert!(MachineLock::last_worked_at(&path) >= known);
    }

    #[test]
    fn it_is_free_at_once_whoever_has_a_copy_of_its_descriptor() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let lock = MachineLock::try_take(&path).expect("a file");
        let lock = lock.expect("it is free");
        // As a process has it that is just being started.
        let copy = lock.file.try_clone().expect("a copy");
        drop(lock);
        assert!(MachineLock::try_take(&path).expect("a file").is_some());
        drop(copy);
    }
}
