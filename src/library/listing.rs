//! What the library has, folder by folder, as far as it is read.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::content::Knowledge;
use super::{Library, PATIENCE, scan};
use crate::domain::model::{LibraryListing, Model, ModelId, ModelOrigin, UnusableFile};

impl Library {
    /// Looks at the folders anew and lists what is there; hashes that are not
    /// known yet are computed meanwhile.
    pub fn listing(&self) -> LibraryListing {
        let mut listing = LibraryListing {
            folders: self.folders().collect(),
            variants_folder: self.inner.places.variants.display().to_string(),
            ..LibraryListing::default()
        };
        for folder in &self.inner.folders {
            for found in scan::gguf_files(&folder.path) {
                match found {
                    Ok(path) => self.list_file(&path, folder.origin, &mut listing),
                    Err(unusable) => listing.unusable.push(unusable),
                }
            }
        }
        self.list_ollama(&mut listing);
        self.list_variants(&mut listing);
        listing
            .models
            .sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        listing.models.dedup_by(|a, b| a.id == b.id);
        listing
            .unusable
            .sort_by(|a, b| (&a.file_name, &a.folder).cmp(&(&b.file_name, &b.folder)));
        // Of a file that is in no folder any more as well.
        let n_read = self.inner.n_read.load(Ordering::Relaxed);
        listing.pending_read_bytes = n_read.min(listing.pending_bytes);
        listing.default_model = sole_or_made_here(&listing.models);
        listing
    }

    /// The listing once every hash is known, or after a good while.
    pub fn settled_listing(&self) -> LibraryListing {
        let start = Instant::now();
        loop {
            let listing = self.listing();
            if listing.n_pending == 0 || start.elapsed() > PATIENCE {
                return listing;
            }
            self.inner.wait_for_a_hash();
        }
    }

    fn list_file(&self, path: &Path, origin: ModelOrigin, listing: &mut LibraryListing) {
        match self.look(path) {
            Ok(Knowledge::Complete(content)) => listing.models.push(content.model(path, origin)),
            Ok(Knowledge::Hashing { size }) => listing.add_pending(size),
            Err(error) => listing.unusable.push(UnusableFile {
                file_name: scan::shown_name(path),
                folder: scan::shown_folder(path),
                reason: error.to_string(),
                variant: None,
            }),
        }
    }
}

/// The model that a request without one gets when none was used before. Never a
/// variant, and no copy of one: what gains are claimed against is chosen.
fn sole_or_made_here(models: &[Model]) -> Option<ModelId> {
    let models: Vec<&Model> = models
        .iter()
        .filter(|model| model.origin != ModelOrigin::Variant)
        .collect();
    let sole = (models.len() == 1).then(|| models[0]);
    let is_upcast = |model: &Model| {
        let provenance = model.provenance.as_deref();
        provenance.is_some_and(|words| words.starts_with("upcast"))
    };
    sole.or_else(|| models.iter().copied().find(|model| is_upcast(model)))
        .map(|model| model.id.clone())
}
