//! The folders that are searched: the data folder's own and those registered.

use std::fs;
use std::path::{Path, PathBuf};

use super::data_folder::write_whole;
use super::{DataFolder, LibraryError};
use crate::domain::model::ModelOrigin;

/// A folder that is searched.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) origin: ModelOrigin,
}

impl Folder {
    /// As the user reads it.
    pub(super) fn shown(&self) -> String {
        let missing = if self.path.is_dir() {
            ""
        } else {
            " (not found)"
        };
        format!("{}{missing}", self.path.display())
    }
}

/// Adds `more` to the remembered folders and returns all.
pub(super) fn remember(data: &DataFolder, more: &[PathBuf]) -> Result<Vec<Folder>, LibraryError> {
    let list = data.folder_list();
    // A list that cannot be read counts as none: it is made anew.
    let mut registered: Vec<PathBuf> = fs::read(&list)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let n_before = registered.len();
    for path in more {
        let path = folder(path)?;
        if !registered.contains(&path) {
            registered.push(path);
        }
    }
    if registered.len() > n_before {
        let text = serde_json::to_vec_pretty(&registered).unwrap_or_default();
        write_whole(&list, &text).map_err(|error| LibraryError::Unreadable {
            path: list,
            source: error,
        })?;
    }
    let own = Folder {
        path: data.models(),
        origin: ModelOrigin::DataFolder,
    };
    let registered = registered.into_iter().map(|path| Folder {
        path,
        origin: ModelOrigin::Registered,
    });
    Ok(std::iter::once(own).chain(registered).collect())
}

fn folder(path: &Path) -> Result<PathBuf, LibraryError> {
    let unreadable = |error| LibraryError::Unreadable {
        path: path.to_path_buf(),
        source: error,
    };
    let canonical = path.canonicalize().map_err(unreadable)?;
    if canonical.is_dir() {
        Ok(canonical)
    } else {
        Err(LibraryError::NotAFolder(canonical))
    }
}
