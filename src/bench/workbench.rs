//! The place where one thing is made: a folder beside where it will be kept, so
//! that it appears there whole, and a lock that only one maker has, in this
//! process or another. Gone with its maker, or swept at the next start.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder in which workbenches stand.
const MAKING: &str = "making";
/// How often a waiting maker looks again.
const INTERVAL: Duration = Duration::from_millis(100);

/// A workbench; dropping it removes it with all that lies on it.
#[derive(Debug)]
pub(super) struct Workbench {
    folder: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl Workbench {
    /// Takes the workbench for `key` below `parent` once nobody has it.
    pub(super) async fn claim(parent: &Path, key: &str) -> io::Result<Self> {
        loop {
            if let Some(workbench) = Self::try_claim(parent, key)? {
                return Ok(workbench);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    fn try_claim(parent: &Path, key: &str) -> io::Result<Option<Self>> {
        let making = parent.join(MAKING);
        fs::create_dir_all(&making)?;
        let lock_path = making.join(format!("{key}.lock"));
        let Some(lock) = try_lock(&lock_path)? else {
            return Ok(None);
        };
        let workbench = Self {
            folder: making.join(key),
            lock_path,
            _lock: lock,
        };
        // A maker that was killed may have left things.
        remove(&workbench.folder)?;
        fs::create_dir(&workbench.folder)?;
        Ok(Some(workbench))
    }

    /// Where to make it.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        // Here and now: whoever cancelled finds nothing afterwards. Not in
        // `block_in_place`, which leaves this thread to end, and with it every
        // worker that was started on it.
        // A worker that was killed this moment may still be creating a file.
        let removed = (0..20).any(|_| {
            remove(&self.folder).is_ok() || {
                std::thread::sleep(Duration::from_millis(5));
                false
            }
        });
        if !removed {
            tracing::warn!(folder = %self.folder.display(), "what was begun could not be removed; the next start does");
        }
        // Still locked: whoever opened the same file meanwhile sees that it is
        // no longer there.
        let _ = fs::remove_file(&self.lock_path);
    }
}

/// Removes what makers that were killed have left below `parent`.
pub(super) fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent.join(MAKING))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let key = name.strip_suffix(".lock").unwrap_or(&name);
        // None: its maker lives.
        if let Err(error) = Workbench::try_claim(parent, key) {
            tracing::warn!(%error, "what was left half made cannot be removed");
        }
    }
}

/// Takes the lock if it is free. Its last owner has removed the file that was
/// locked: only the file that is there counts.
fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let own = file.metadata()?;
    let is_there =
        fs::metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino()));
    Ok(is_there.then_some(file))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_maker_at_a_time_and_nothing_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_path_buf();
        let first = Workbench::claim(&path, "a").await.expect("a workbench");
        fs::write(first.folder().join("part"), "x").expect("a file");
        let waiting = tokio::spawn(async move {
            let second = Workbench::claim(&path, "a").await.expect("a workbench");
            fs::read_dir(second.folder()).expect("a folder").count()
        });
        tokio::time::sleep(3 * INTERVAL).await;
        assert!(!waiting.is_finished(), "two have it");
        drop(first);
        assert_eq!(waiting.await.expect("it gets its turn"), 0);
        let making = fs::read_dir(folder.path().join(MAKING)).expect("a folder");
        assert_eq!(making.count(), 0);
    }

    #[tokio::test]
    async fn a_sweep_takes_what_the_dead_left_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let making = folder.path().join(MAKING);
        fs::create_dir_all(making.join("dead")).expect("a folder");
        fs::write(making.join("dead/part"), "x").expect("a file");
        let living = Workbench::claim(folder.path(), "living")
            .await
            .expect("a workbench");
        fs::write(living.folder().join("part"), "x").expect("a file");
        sweep(folder.path());
        assert!(!making.join("dead").exists());
        assert!(living.folder().join("part").exists());
    }
}
