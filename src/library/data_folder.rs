//! The data folder: every place in it has its name here.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
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
    /// `$XDG_DATA_HOME/whittle`, else `~/.local/share/whittle`.
    pub fn default_path() -> PathBuf {
        let from = |name: &str| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        from("WHITTLE_DATA")
            .or_else(|| from("XDG_DATA_HOME").map(|home| home.join("whittle")))
            .or_else(|| from("HOME").map(|home| home.join(".local/share/whittle")))
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
            folder.temporary(),
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
        for entry in fs::read_dir(self.temporary())
            .into_iter()
            .flatten()
            .flatten()
        {
            // Only files are ever made there.
            let _ = fs::remove_file(entry.path());
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

    fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }
}
