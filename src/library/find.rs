//! The model that is named, with its file.

use std::fs::File;
use std::io::{self, BufReader, Seek};
use std::path::{Path, PathBuf};

use super::content::{Content, Knowledge};
use super::{FileIdentity, LONG_PATIENCE, Library, LibraryError, Located, PATIENCE, scan};
use crate::domain::model::{ModelId, ModelOrigin};
use crate::gguf;

impl Library {
    /// The model with this id and its file, waiting for hashes under way.
    ///
    /// # Errors
    /// When no folder has such a model, or what it holds is damaged.
    pub fn find(&self, id: &ModelId) -> Result<Located, LibraryError> {
        if let Some(located) = self.find_in_ollama(id)? {
            return Ok(located);
        }
        if let Some(located) = self.find_variant(id) {
            return Ok(located);
        }
        let files = || {
            self.inner.folders.iter().flat_map(|folder| {
                scan::gguf_files(&folder.path)
                    .into_iter()
                    .flatten()
                    .map(|path| (path, folder.origin))
            })
        };
        let wanted = |content: Content, path: PathBuf, origin: ModelOrigin| {
            let model = content.model(&path, origin);
            (model.id == *id).then_some(Located {
                model,
                identity: content.identity,
                path,
            })
        };
        let mut is_pending = false;
        for (path, origin) in files() {
            match self.look(&path) {
                Ok(Knowledge::Complete(content)) => {
                    if let Some(located) = wanted(*content, path, origin) {
                        return Ok(located);
                    }
                }
                Ok(Knowledge::Hashing { .. }) => is_pending = true,
                Err(_) => {}
            }
        }
        if is_pending {
            for (path, origin) in files() {
                if let Ok(content) = self.wait_for(&path, PATIENCE)
                    && let Some(located) = wanted(content, path, origin)
                {
                    return Ok(located);
                }
            }
        }
        Err(LibraryError::Unknown(id.clone()))
    }

    /// The model in the file at `path`, wherever that is: for the command
    /// line alone.
    ///
    /// # Errors
    /// When the file is not there or is no model that can be measured.
    pub fn at_path(&self, path: &Path) -> Result<Located, LibraryError> {
        let unreadable = |error| LibraryError::Unreadable {
            path: path.to_path_buf(),
            source: error,
        };
        let path = path.canonicalize().map_err(unreadable)?;
        let content = self.wait_for(&path, LONG_PATIENCE)?;
        Ok(Located {
            model: content.model(&path, ModelOrigin::CommandLine),
            identity: content.identity,
            path,
        })
    }
}

impl Located {
    /// Opens the file, and checks it once more through its descriptor: what is checked
    /// is what will be read, whatever happened to the path since it was found. None:
    /// it is another file by now.
    ///
    /// # Errors
    /// When it cannot be read or is no model.
    pub fn open(&self) -> io::Result<Option<File>> {
        let mut file = File::open(&self.path)?;
        if FileIdentity::of(&file)? != self.identity {
            return Ok(None);
        }
        let reader = BufReader::with_capacity(1 << 16, &file);
        gguf::check(reader, self.identity.size).map_err(io::Error::other)?;
        file.rewind()?;
        Ok(Some(file))
    }
}
