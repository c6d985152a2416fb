//! The data folder: every place in it has its name here, and its lists are written
//! whole.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::LibraryError;

/// A data folder that exists, readable by its owner alone.
#[derive(Debug, Clone)]
pub struct DataFolder {
    root: PathBuf,
}

/// Held while a server uses the data folder.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl DataFolder {
    /// Where it is when nobody says: `$WHITTLE_DATA`, else
    /// `$XDG_DATA_HOME/whittle`, else `~/.local/share/whittle`, by the system's list
    /// of users where HOME is not set.
    pub fn default_path() -> PathBuf {
        let from = |name: &str| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        from("WHITTLE_DATA")
            .or_else(|| from("XDG_DATA_HOME").map(|home| home.join("whittle")))
            .or_else(|| {
                let home = from("HOME").or_else(std::env::home_dir);
                home.map(|home| home.join(".local/share/whittle"))
            })
            // A user of whom the system knows no home.
            .unwrap_or_else(|| PathBuf::from("whittle-data"))
    }

    /// Opens the folder, making what is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: &Path) -> Result<Self, LibraryError> {
        let unreadable = |error| LibraryError::Unreadable {
            path: path.to_path_buf(),
            source: error,
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(path).map_err(unreadable)?;
        let root = path.canonicalize().map_err(unreadable)?;
        let folder = Self { root };
        for place in [
            folder.models(),
            folder.texts(),
            folder.variants(),
            folder.cache(),
        ] {
            builder.create(&place).map_err(unreadable)?;
        }
        Ok(folder)
    }

    /// Takes the folder for one server, and sweeps what a killed one left.
    ///
    /// # Errors
    /// When another server has it.
    pub fn lock(&self) -> Result<FolderLock, LibraryError> {
        let path = self.root.join("lock");
        let unreadable = |error| LibraryError::Unreadable {
            path: path.clone(),
            source: error,
        };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(unreadable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LibraryError::InUse(self.root.clone())),
            Err(TryLockError::Error(error)) => return Err(unreadable(error)),
        }
        for folder in [&self.root, &self.cache()] {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if is_part(&entry.path()) {
                    // What stays is in nobody's way.
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
        Ok(FolderLock { _file: file })
    }

    /// The user's own models.
    pub fn models(&self) -> PathBuf {
        self.root.join("models")
    }

    /// The user's own texts for measuring quality.
    pub(super) fn texts(&self) -> PathBuf {
        self.root.join("texts")
    }

    /// The variants that were made here.
    pub fn variants(&self) -> PathBuf {
        self.root.join("variants")
    }

    /// What can be computed again: hashes, importance matrices, orders of blocks.
    pub fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// The history.
    pub fn database(&self) -> PathBuf {
        self.root.join("whittle.db")
    }

    /// The model folders that the user gave.
    pub(super) fn folder_list(&self) -> PathBuf {
        self.root.join("folders.json")
    }

    /// Content hashes by file.
    pub(super) fn hash_cache(&self) -> PathBuf {
        self.cache().join("hashes.json")
    }
}

/// Writes a file whole or not at all: beside it first.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension(format!("{}.{PART}", std::process::id()));
    let written = fs::write(&part, bytes)
        .and_then(|()| File::open(&part)?.sync_all())
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // It may not have been made.
        let _ = fs::remove_file(&part);
    }
    written
}

/// How the name of a file ends that is being written.
const PART: &str = "part";

fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder").flatten();
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_server_was_writing_is_swept_by_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataFolder::open(folder.path()).expect("a data folder");
        let empty = names(folder.path());
        for left in ["folders.7.part", "cache/hashes.8.part"] {
            fs::write(folder.path().join(left), "half").expect("a file");
        }
        write_whole(&data.hash_cache(), b"{}").expect("a file");
        drop(data.lock().expect("nobody has it"));
        assert_eq!(names(&data.cache()), ["hashes.json"]);
        let mut left = names(folder.path());
        left.retain(|name| !empty.contains(name));
        assert_eq!(left, ["lock"]);
    }

    #[test]
    fn what_cannot_be_written_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hashes.json");
        // A folder in its place: the last step fails.
        fs::create_dir_all(path.join("in the way")).expect("a folder");
        assert!(write_whole(&path, b"new").is_err());
        assert_eq!(names(folder.path()), ["hashes.json"]);
    }
}
