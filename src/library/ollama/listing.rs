//! Ollama's models as models of the library.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::super::content::{Content, Knowledge};
use super::super::{Library, LibraryError, Located, PATIENCE};
use super::error::{ModelError, StoreError};
use super::name::Name;
use super::store::{Blob, Stock, Store, StoredModel};
use crate::domain::model::{LibraryListing, Model, ModelId, ModelOrigin, UnusableFile};
use crate::domain::ollama::{Ollama, OllamaServer, OllamaStore, OllamaStoreState};
use crate::gguf::GgufError;

impl Library {
    /// Adds Ollama's models, and what is to be said of its stores.
    pub(in crate::library) fn list_ollama(&self, listing: &mut LibraryListing) {
        let Some(ollama) = &self.ollama else { return };
        let mut pending = HashMap::new();
        let mut seen = HashSet::new();
        let mut stores = Vec::new();
        for path in ollama.stores.iter() {
            let state = match read(path, &mut seen) {
                Ok(None) => continue,
                Ok(Some(stock)) => {
                    let models = stock.models.iter().map(|model| model.name.to_string());
                    let state = OllamaStoreState::Read {
                        models: models.collect(),
                        is_cut: stock.is_cut,
                    };
                    for model in stock.models {
                        self.list_stored(model, &mut pending, listing);
                    }
                    state
                }
                Err(error) => error.into(),
            };
            let path = path.display().to_string();
            stores.push(OllamaStore { path, state });
        }
        let is_there = |store: &OllamaStore| store.state != OllamaStoreState::Absent;
        if stores.iter().any(is_there) {
            stores.retain(is_there);
        }
        pending
            .into_values()
            .for_each(|size| listing.add_pending(size));
        listing.ollama = Some(Ollama {
            server: OllamaServer::NotAsked,
            stores,
        });
    }

    fn list_stored(
        &self,
        stored: StoredModel,
        pending: &mut HashMap<PathBuf, u64>,
        listing: &mut LibraryListing,
    ) {
        let StoredModel { name, blob } = stored;
        let found =
            blob.map_err(|error| error.to_string())
                .and_then(|blob| match self.look(&blob.path) {
                    Ok(Knowledge::Complete(content)) => model(&content, &name, &blob)
                        .map(Some)
                        .map_err(|error| error.to_string()),
                    Ok(Knowledge::Hashing { size }) => {
                        pending.insert(blob.path, size);
                        Ok(None)
                    }
                    Err(error) => Err(reason(&error, &name)),
                });
        match found {
            Ok(model) => listing.models.extend(model),
            Err(reason) => listing.unusable.push(UnusableFile {
                file_name: name.to_string(),
                folder: None,
                reason: format!("in Ollama's store: {reason}"),
                variant: None,
            }),
        }
    }

    /// The model of Ollama's with this id. The digest tells which one that
    /// is, so that no other has to be read for it.
    pub(in crate::library) fn find_in_ollama(
        &self,
        id: &ModelId,
    ) -> Result<Option<Located>, LibraryError> {
        let paths = self.ollama.iter().flat_map(|ollama| ollama.stores.iter());
        let stocks = paths.filter_map(|path| Store::open(path).ok()?.stock().ok());
        let wanted = stocks.flat_map(|stock| stock.models).find_map(|stored| {
            let blob = stored.blob.ok()?;
            let is_wanted = ModelId::made_of(stored.name.as_str(), blob.digest.hex()) == *id;
            is_wanted.then_some((stored.name, blob))
        });
        let Some((name, blob)) = wanted else {
            return Ok(None);
        };
        let content = self.wait_for(&blob.path, PATIENCE)?;
        Ok(Some(Located {
            model: model(&content, &name, &blob).map_err(|error| LibraryError::InOllama {
                name: name.to_string(),
                reason: error.to_string(),
            })?,
            identity: content.identity,
            path: blob.path,
        }))
    }
}

/// The models of the store at `path`; none when it has been seen already.
fn read(path: &Path, seen: &mut HashSet<PathBuf>) -> Result<Option<Stock>, StoreError> {
    let store = Store::open(path)?;
    if !seen.insert(store.root().to_path_buf()) {
        return Ok(None);
    }
    store.stock().map(Some)
}

/// The model, if the file holds what its name says.
fn model(content: &Content, name: &Name, blob: &Blob) -> Result<Model, ModelError> {
    let model = Model {
        id: ModelId::made_of(name.as_str(), blob.digest.hex()),
        name: name.to_string(),
        ..content.model(&blob.path, ModelOrigin::Ollama)
    };
    if model.sha256 == blob.digest.hex() {
        Ok(model)
    } else {
        Err(ModelError::Damaged(name.clone()))
    }
}

/// What is wrong with a file, and how Ollama mends it.
fn reason(error: &LibraryError, name: &Name) -> String {
    match error {
        LibraryError::Unusable(GgufError::Truncated { .. } | GgufError::Damaged(_)) => {
            format!("{error}: `ollama rm {name}`, then `ollama pull {name}`")
        }
        error => error.to_string(),
    }
}
