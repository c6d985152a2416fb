//! The lock of the whole machine: held while measuring, and while reading a new
//! model, because whatever computes beside a measurement falsifies it.

mod holder;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

pub use holder::Holder;

/// How often a waiting run looks again.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long the lock stays free between two runs of one queue, so that those
/// who wait elsewhere get their turn.
pub const TURN: Duration = Duration::from_millis(300);
/// Held for less, nothing was done that keeps a machine busy: somebody only looked.
const WORK: Duration = Duration::from_secs(1);
/// In this time the system's one-minute load average loses all but 1/e of what has
/// ended, and takes up all but 1/e of what goes on, s.
const LOAD_FADES_S: f64 = 60.0;

/// The time of the lock's file while nobody works under it; else it is when that began.
const NOBODY: SystemTime = SystemTime::UNIX_EPOCH;

/// The lock, held until dropped; the system lets it go when the process ends.
pub struct MachineLock {
    file: File,
    taken: Instant,
    is_work: bool,
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
        Self::try_once(path, true)
    }

    fn try_once(path: &Path, is_work: bool) -> io::Result<Option<Self>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => {
                // Where it cannot be written, the work is not known of.
                let _ = file.set_modified(if is_work { SystemTime::now() } else { NOBODY });
                Ok(Some(Self {
                    file,
                    taken: Instant::now(),
                    is_work,
                    worked: worked(path),
                    last_worked: modified(&worked(path)).and_then(|time| time.elapsed().ok()),
                }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Who has the lock, for those who wait for it; none: nobody, or the system does
    /// not tell.
    pub fn holder(path: &Path) -> Option<Holder> {
        Holder::of(path, modified(path) != Some(NOBODY))
    }

    /// Whether somebody waits for the lock: what is measured unasked gives way.
    pub fn is_wanted(path: &Path) -> bool {
        let wished = open(&wishes(path)).map(|file| file.try_lock());
        matches!(wished, Ok(Err(TryLockError::WouldBlock)))
    }

    /// How long before it was taken somebody had worked under it, as far as is known.
    /// Work that was too short to fill the load average counts as longer ago: as if
    /// long work had ended then that left as much in it.
    pub fn last_worked(&self) -> Option<Duration> {
        self.last_worked
    }

    /// The same before this moment, whoever has the lock: what has been done until now
    /// counts, of work that goes on.
    pub fn last_worked_at(path: &Path) -> Option<Duration> {
        let worked = modified(&worked(path));
        // Locked only where somebody seems to work: nobody is to find the machine busy
        // because another looks.
        let since = modified(path).filter(|since| *since != NOBODY && is_held(path));
        let Some(since) = since else {
            return worked?.elapsed().ok();
        };
        let before = worked.and_then(|time| since.duration_since(time).ok());
        as_if_ended(before, since.elapsed().ok()?)
    }

    /// Takes the lock once it is free, to read a file in one thread: that keeps no
    /// machine busy, and does not count as work. Blocks until then.
    ///
    /// # Errors
    /// When the file cannot be opened or locked at all.
    pub fn wait(path: &Path) -> io::Result<Self> {
        if let Some(lock) = Self::try_once(path, false)? {
            return Ok(lock);
        }
        let _waiting = wish_for(path)?;
        loop {
            if let Some(lock) = Self::try_once(path, false)? {
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
        if let Some(lock) = Self::try_once(path, true)? {
            return Ok(lock);
        }
        let _waiting = wish_for(path)?;
        loop {
            if let Some(lock) = Self::try_once(path, true)? {
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

/// The file whose time says when somebody last worked under the lock at `path`, as
/// `MachineLock::last_worked` counts it. A time is read and written at once; a text
/// could be found half written.
fn worked(path: &Path) -> PathBuf {
    path.with_extension("worked")
}

/// When a file was changed, where there is one.
fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|file| file.modified()).ok()
}

/// How long ago work of every core that had filled the load average would have ended,
/// had it left as much in it as has work for the time `worked` until now, with what
/// was left in it `before`; none: nothing.
fn as_if_ended(before: Option<Duration>, worked: Duration) -> Option<Duration> {
    let left = |ago: Duration| (-ago.as_secs_f64() / LOAD_FADES_S).exp();
    let share = 1.0 - (1.0 - before.map_or(0.0, left)) * left(worked);
    (share > 0.0).then(|| Duration::from_secs_f64(-LOAD_FADES_S * share.ln()))
}

/// Whether somebody has the lock, and did not end without a word. Shared: those who
/// look do not take one another for somebody at work.
fn is_held(path: &Path) -> bool {
    let looked = open(path).map(|file| file.try_lock_shared());
    matches!(looked, Ok(Err(TryLockError::WouldBlock)))
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
        let held = self.taken.elapsed();
        if self.is_work
            && held >= WORK
            && let Some(ago) = as_if_ended(self.last_worked, held)
        {
            // Where it cannot be written, the work is not known of.
            let _ = open(&self.worked).and_then(|file| file.set_modified(SystemTime::now() - ago));
        }
        let _ = self.file.set_modified(NOBODY);
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

    const MINUTE: Duration = Duration::from_secs(60);

    /// What is left in the load average of work that ended so long ago, of all of it.
    fn share(ago: Option<Duration>) -> f64 {
        ago.map_or(0.0, |ago| (-ago.as_secs_f64() / 60.0).exp())
    }

    /// As if a lock had been held for longer.
    fn lengthen(lock: &mut MachineLock, time: Duration) {
        lock.taken -= time;
        let begun = lock.file.set_modified(SystemTime::now() - time);
        begun.expect("our file");
    }

    #[test]
    fn who_worked_under_it_is_known_and_who_only_looked_or_read_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("machine.lock");
        let take = || MachineLock::try_take(&path).expect("a file");
        drop(take().expect("it is free"));
        assert_eq!(MachineLock::last_worked_at(&path), None);
        let mut reading = MachineLock::wait(&path).expect("the lock");
        reading.taken -= WORK;
        assert_eq!(MachineLock::last_worked_at(&path), None);
        drop(reading);
        assert_eq!(MachineLock::last_worked_at(&path), None);
        let mut work = take().expect("it is free");
        assert_eq!(work.last_worked(), None);
        lengthen(&mut work, WORK);
        drop(work);
        let known = take().expect("it is free").last_worked();
        assert!(known.is_some());
        assert!(MachineLock::last_worked_at(&path) >= known);
    }

    #[test]
    fn short_work_counts_for_little_while_it_goes_on_and_afterwards() {
        for (time, expected) in [(3, 0.0488), (60, 0.632)] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("machine.lock");
            let work = MachineLock::try_take(&path).expect("a file");
            let mut work = work.expect("it is free");
            lengthen(&mut work, Duration::from_secs(time));
            let before = share(MachineLock::last_worked_at(&path));
            drop(work);
            let after = share(MachineLock::last_worked_at(&path));
            for share in [before, after] {
                // Tests are held up by one another.
                let about = 0.7 * expected..expected + 0.05;
                assert!(about.contains(&share), "{share} after {time} s");
            }
        }
    }

    #[test]
    fn work_adds_up_in_the_load_average() {
        let after = |before, worked| share(as_if_ended(before, worked));
        let is = |share: f64, expected: f64| (share - expected).abs() < 1e-9;
        assert_eq!(as_if_ended(None, Duration::ZERO), None);
        assert!(is(after(None, MINUTE), 1.0 - (-1.0_f64).exp()));
        assert!(is(after(None, 60 * MINUTE), 1.0));
        let half = as_if_ended(None, MINUTE / 2);
        assert!(is(after(half, MINUTE / 2), after(None, MINUTE)));
        assert!(is(after(Some(MINUTE), Duration::ZERO), (-1.0_f64).exp()));
        assert_eq!(after(Some(Duration::ZERO), MINUTE), 1.0);
    }

    #[test]
    fn those_who_look_do_not_take_one_another_for_somebody_at_work() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("machine.lock");
        drop(MachineLock::try_take(&path).expect("a file"));
        let looking = open(&path).expect("a file");
        looking.try_lock_shared().expect("it is free");
        assert_eq!(MachineLock::last_worked_at(&path), None);
        // As it is left where somebody who worked was killed.
        let was_at_work = looking.set_modified(SystemTime::now());
        was_at_work.expect("our file");
        assert_eq!(MachineLock::last_worked_at(&path), None);
        drop(looking);
        assert!(MachineLock::try_take(&path).expect("a file").is_some());
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
