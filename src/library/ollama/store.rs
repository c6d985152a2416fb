//! A store of Ollama, read only: its manifests and its blobs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{ModelError, StoreError};
use super::manifest;
use super::name::{Digest, Name};

/// Most models that are read.
const MAX_MODELS: usize = 2_000;
/// Most files and folders that are looked at below `manifests`.
const MAX_ENTRIES: usize = 20_000;

/// A store that exists.
pub(super) struct Store {
    /// Canonical.
    root: PathBuf,
}

/// A model that a manifest describes.
pub(super) struct StoredModel {
    pub(super) name: Name,
    pub(super) blob: Result<Blob, ModelError>,
}

/// A model's file.
pub(super) struct Blob {
    /// What its content ought to be.
    pub(super) digest: Digest,
    /// Canonical, and inside of the store.
    pub(super) path: PathBuf,
}

/// The models of a store, by name.
pub(super) struct Stock {
    pub(super) models: Vec<StoredModel>,
    /// Whether there are more: too many, or in folders that are closed.
    pub(super) is_cut: bool,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let root = path.canonicalize()?;
        if !root.is_dir() {
            return Err(StoreError::NotAFolder);
        }
        let mut entries = fs::read_dir(&root)?.peekable();
        let has = |place: &str| root.join(place).is_dir();
        if entries.peek().is_some() && !has("manifests") && !has("blobs") {
            return Err(StoreError::NotAStore);
        }
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Reads the manifests, which lie at host/namespace/model/tag.
    pub(super) fn stock(&self) -> Result<Stock, StoreError> {
        let mut budget = Budget {
            left: MAX_ENTRIES,
            is_cut: false,
        };
        let mut stock = Stock {
            models: Vec::new(),
            is_cut: false,
        };
        let manifests = self.root.join("manifests");
        // Before the first pull there is none.
        if let Err(error) = fs::read_dir(&manifests)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error.into());
        }
        for host in budget.folders(&manifests) {
            for namespace in budget.folders(&manifests.join(&host)) {
                for model in budget.folders(&manifests.join(&host).join(&namespace)) {
                    let folder = manifests.join(&host).join(&namespace).join(&model);
                    for tag in budget.files(&folder) {
                        if stock.models.len() >= MAX_MODELS {
                            stock.is_cut = true;
                            break;
                        }
                        let name = Name::of_manifest([&host, &namespace, &model, &tag]);
                        stock.models.extend(name.map(|name| StoredModel {
                            blob: self.blob_of(&folder.join(&tag), &name),
                            name,
                        }));
                    }
                }
            }
        }
        stock.is_cut |= budget.is_cut || budget.left == 0;
        stock.models.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(stock)
    }

    fn blob_of(&self, manifest: &Path, name: &Name) -> Result<Blob, ModelError> {
        let manifest = self.inside(manifest, name)?;
        let digest = manifest::model_digest(&manifest, name)?;
        let path = self.inside(&self.place_of(&digest), name)?;
        Ok(Blob { digest, path })
    }

    /// Where the file with this digest lies: the one place where such a path
    /// is made.
    fn place_of(&self, digest: &Digest) -> PathBuf {
        self.root
            .join("blobs")
            .join(format!("sha256-{}", digest.hex()))
    }

    /// The canonical path of a regular file of the store.
    fn inside(&self, path: &Path, name: &Name) -> Result<PathBuf, ModelError> {
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ModelError::Missing(name.clone()));
            }
            Err(error) => return Err(ModelError::Io(error)),
        };
        if !real.starts_with(&self.root) {
            return Err(ModelError::LeadsOut);
        }
        if !real.is_file() {
            return Err(ModelError::NotAFile(name.clone()));
        }
        Ok(real)
    }
}

/// How many entries may still be looked at.
struct Budget {
    left: usize,
    /// Whether a folder was left out.
    is_cut: bool,
}

impl Budget {
    /// The folders in a folder; linked ones, which may lead anywhere, are none.
    fn folders(&mut self, folder: &Path) -> Vec<String> {
        self.entries(folder, |kind| kind.is_dir())
    }

    fn files(&mut self, folder: &Path) -> Vec<String> {
        self.entries(folder, |kind| !kind.is_dir())
    }

    /// A folder that is closed to this user hides what is in it and no more.
    fn entries(&mut self, folder: &Path, is_wanted: impl Fn(fs::FileType) -> bool) -> Vec<String> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                // Else it was removed this moment.
                self.is_cut |= error.kind() != io::ErrorKind::NotFound;
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for entry in entries.flatten().take(self.left) {
            self.left -= 1;
            let is_wanted = entry.file_type().is_ok_and(&is_wanted);
            names.extend(entry.file_name().into_string().ok().filter(|_| is_wanted));
        }
        names
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
