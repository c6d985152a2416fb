//! The variants that were made here: listed, found, deleted. What lies beside a
//! file says what it is; a file without that is no variant.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::content::{Content, FileIdentity, Knowledge};
use super::scan::shown_name;
use super::{Library, LibraryError, Located};
use crate::domain::model::{LibraryListing, Model, ModelId, ModelOrigin, UnusableFile};
use crate::domain::variant::{Sidecar, VariantRecord};

impl Library {
    /// Adds the variants.
    pub(super) fn list_variants(&self, listing: &mut LibraryListing) {
        for (path, sidecar) in self.variants() {
            let found = match self.look_at_variant(&path, &sidecar) {
                Ok(Knowledge::Complete(content)) => variant(&content, &path, &sidecar),
                Ok(Knowledge::Hashing { size }) => {
                    listing.add_pending(size);
                    continue;
                }
                Err(error) => Err(error.to_string()),
            };
            match found {
                Ok(model) => listing.models.push(model),
                Err(reason) => listing.unusable.push(UnusableFile {
                    file_name: shown_name(&path),
                    folder: None,
                    reason: format!("a variant that is no longer what was made: {reason}"),
                    variant: Some(sidecar.record.model_id()),
                }),
            }
        }
    }

    /// The variant with this id.
    pub(super) fn find_variant(&self, id: &ModelId) -> Option<Located> {
        let is_wanted = |(_, sidecar): &(PathBuf, Sidecar)| sidecar.record.model_id() == *id;
        let (path, sidecar) = self.variants().find(is_wanted)?;
        match self.look_at_variant(&path, &sidecar).ok()? {
            Knowledge::Complete(content) => Some(Located {
                model: variant(&content, &path, &sidecar).ok()?,
                identity: content.identity,
                path,
            }),
            Knowledge::Hashing { .. } => None,
        }
    }

    /// Deletes a variant's file and what lies beside it, and returns what it was:
    /// whatever has become of the file since, and before it is read.
    ///
    /// # Errors
    /// When there is no such variant, or it was not made here, or the system refuses.
    pub fn delete_variant(&self, id: &ModelId) -> Result<VariantRecord, LibraryError> {
        let is_wanted = |(_, sidecar): &(PathBuf, Sidecar)| sidecar.record.model_id() == *id;
        let found = self.variants().find(is_wanted);
        let (path, sidecar) = found.ok_or_else(|| self.not_a_variant(id))?;
        for path in [&path, &path.with_extension("json")] {
            match fs::remove_file(path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => {
                    return Err(LibraryError::NotDeleted {
                        name: shown_name(path),
                        source,
                    });
                }
            }
        }
        self.inner.contents().forget(&path);
        Ok(sidecar.record)
    }

    /// Why what is no variant cannot be deleted.
    fn not_a_variant(&self, id: &ModelId) -> LibraryError {
        let models = self.listing().models;
        match models.into_iter().find(|model| model.id == *id) {
            Some(model) => LibraryError::NotMadeHere(Box::new(model)),
            None => LibraryError::Unknown(id.clone()),
        }
    }

    /// Every variant's file with what lies beside it.
    fn variants(&self) -> impl Iterator<Item = (PathBuf, Sidecar)> {
        let entries = fs::read_dir(&self.inner.places.variants);
        let mut beside: Vec<PathBuf> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        beside.sort();
        beside.into_iter().filter_map(|beside| {
            let sidecar = serde_json::from_slice(&fs::read(&beside).ok()?).ok()?;
            let path = beside.with_extension("gguf");
            path.is_file().then_some((path, sidecar))
        })
    }

    /// A file that was not touched since it was made need not be read again for
    /// its hash.
    fn look_at_variant(&self, path: &Path, sidecar: &Sidecar) -> Result<Knowledge, LibraryError> {
        if let Ok(metadata) = fs::metadata(path) {
            let identity = FileIdentity::from(&metadata);
            if identity.size == sidecar.size_bytes
                && identity.modified_ns == i128::from(sidecar.modified_ns)
            {
                let sha256 = &sidecar.record.sha256;
                self.inner.contents().trust(path, identity, sha256);
            }
        }
        self.look(path)
    }
}

/// The variant as shown, if its file is the one that was made.
fn variant(content: &Content, path: &Path, sidecar: &Sidecar) -> Result<Model, String> {
    let record = &sidecar.record;
    if content.sha256 != record.sha256 {
        return Err("its content has changed; delete it and make it again".to_owned());
    }
    Ok(Model {
        id: record.model_id(),
        name: record.base.name.clone(),
        variant: Some(Box::new(record.clone())),
        ..content.model(path, ModelOrigin::Variant)
    })
}
