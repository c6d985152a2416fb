//! The folder where variants are kept: each is a file, with what is known of it
//! beside it. Both appear whole, or not at all.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::blocking::off_thread;
use super::digest;
use super::order::Quantized;
use super::variant::{Variant, VariantError, storage};
use crate::domain::environment::ENGINE_VERSION;
use crate::domain::model::{Model, ModelOrigin};
use crate::domain::pruning::PruningReport;
use crate::domain::recipe::Recipe;
use crate::domain::units;
use crate::domain::variant::{ImatrixRecord, Sidecar, TensorShare, VariantBase, VariantRecord};
use crate::gguf::{ModelHeader, TensorTypeCount, check_model};

/// The folder.
pub(super) struct Shelf<'a> {
    folder: &'a Path,
}

/// A variant that a worker has written.
pub(super) struct Finished {
    pub(super) address: String,
    pub(super) recipe: Recipe,
    pub(super) imatrix: Option<ImatrixRecord>,
    /// What quantizing did; none: it was not quantized.
    pub(super) quantized: Option<Quantized>,
    /// What pruning did; none: it was not pruned.
    pub(super) pruning: Option<PruningReport>,
    pub(super) warnings: Vec<String>,
    /// Its file, still where it was made.
    pub(super) part: PathBuf,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(folder: &'a Path) -> Self {
        Self { folder }
    }

    /// The variant with this address. One that is no longer what was made is
    /// removed. Only whoever has the address' workbench may ask.
    pub(super) async fn find(
        &self,
        address: &str,
        base: &Model,
    ) -> Result<Option<Variant>, VariantError> {
        let Some((path, mut sidecar)) = self.lookup(address) else {
            return Ok(None);
        };
        let unusable = |error| storage(self.folder, &error);
        match fs::metadata(&path) {
            Err(_) => return Ok(None),
            Ok(now) if is_as_made(&now, &sidecar) => {}
            Ok(now) => {
                let sha256 = digest::of_file(path.clone()).await.map_err(unusable)?;
                if sha256 != sidecar.record.sha256 {
                    tracing::warn!(file = %path.display(), "a variant has changed since it was made, and is made again");
                    for left in [&path, &path.with_extension("json")] {
                        fs::remove_file(left).map_err(unusable)?;
                    }
                    return Ok(None);
                }
                // A copy, as from a backup.
                sidecar.modified_ns = modified_ns(&now);
                let (file, known) = (path.clone(), sidecar.clone());
                let written = off_thread(move || write_sidecar(&file, &known));
                written.await.map_err(unusable)?;
            }
        }
        let header = header_of(path.clone()).await.map_err(|error| {
            VariantError::Storage(format!("{} cannot be used: {error}", path.display()))
        })?;
        Ok(Some(variant(base, sidecar, header, path)))
    }

    /// Puts a finished file on the shelf.
    pub(super) async fn put(
        &self,
        base: &Model,
        finished: Finished,
    ) -> Result<Variant, VariantError> {
        let unusable = |error| storage(self.folder, &error);
        let Finished { part, .. } = &finished;
        let header = check_written(part.clone()).await?;
        let sha256 = digest::of_file(part.clone()).await.map_err(unusable)?;
        let synced = part.clone();
        let metadata = off_thread(move || {
            let file = File::open(synced)?;
            file.sync_all()?;
            file.metadata()
        });
        let metadata = metadata.await.map_err(unusable)?;
        let sidecar = Sidecar {
            size_bytes: metadata.len(),
            modified_ns: modified_ns(&metadata),
            record: record(base, &finished, &header, sha256),
        };
        let stem = sidecar.record.file_stem();
        let path = self.folder.join(format!("{stem}.gguf"));
        // In one go, which whoever cancels finds done or not begun.
        let (part, to, known) = (part.clone(), path.clone(), sidecar.clone());
        let folder = self.folder.to_path_buf();
        let put = off_thread(move || {
            // Beside it first: a file without it would be nobody's.
            let moved = write_sidecar(&to, &known)
                .and_then(|()| fs::rename(part, &to))
                .and_then(|()| File::open(folder)?.sync_all());
            if moved.is_err() {
                for left in [&to, &to.with_extension("json")] {
                    let _ = fs::remove_file(left);
                }
            }
            moved
        });
        put.await.map_err(unusable)?;
        Ok(variant(base, sidecar, header, path))
    }

    fn lookup(&self, address: &str) -> Option<(PathBuf, Sidecar)> {
        let ending = format!("-{}.json", address.get(..16)?);
        let entries = fs::read_dir(self.folder).ok()?;
        let mut paths = entries.flatten().map(|entry| entry.path());
        paths.find_map(|beside| {
            let is_meant = beside.to_string_lossy().ends_with(&ending);
            let bytes = is_meant.then(|| fs::read(&beside).ok())??;
            let sidecar: Sidecar = serde_json::from_slice(&bytes).ok()?;
            (sidecar.record.address == address).then(|| (beside.with_extension("gguf"), sidecar))
        })
    }
}

fn write_sidecar(path: &Path, sidecar: &Sidecar) -> io::Result<()> {
    let beside = path.with_extension("json");
    let part = path.with_extension("json.part");
    let written = fs::write(&part, serde_json::to_vec_pretty(sidecar)?)
        .and_then(|()| File::open(&part)?.sync_all())
        .and_then(|()| fs::rename(&part, &beside));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// What a file's header says: of a large vocabulary that takes a while.
async fn header_of(path: PathBuf) -> io::Result<ModelHeader> {
    off_thread(move || check_model(&path).map_err(io::Error::other)).await
}

fn is_as_made(now: &fs::Metadata, sidecar: &Sidecar) -> bool {
    (now.len(), modified_ns(now)) == (sidecar.size_bytes, sidecar.modified_ns)
}

fn modified_ns(metadata: &fs::Metadata) -> i64 {
    metadata
        .mtime()
        .saturating_mul(1_000_000_000)
        .saturating_add(metadata.mtime_nsec())
}

fn record(
    base: &Model,
    finished: &Finished,
    header: &ModelHeader,
    sha256: String,
) -> VariantRecord {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let quantized = finished.quantized.as_ref();
    VariantRecord {
        address: finished.address.clone(),
        recipe: finished.recipe,
        base: VariantBase {
            id: base.id.clone(),
            name: base.name.clone(),
            file_name: base.called().to_owned(),
            kind: base.kind(),
            sha256: base.sha256.clone(),
            size_bytes: base.size_bytes,
        },
        engine_version: ENGINE_VERSION.to_owned(),
        imatrix: finished.imatrix.clone(),
        made_at: units::utc(now.map_or(0, |now| now.as_secs())),
        quantize_s: quantized.map(|quantized| quantized.quantize_s),
        pruning: finished.pruning.clone(),
        sha256,
        tensor_types: header.tensor_types.iter().map(share).collect(),
        fallbacks: quantized.map_or_else(Vec::new, |quantized| quantized.fallbacks.clone()),
        warnings: finished.warnings.clone(),
    }
}

fn share(count: &TensorTypeCount) -> TensorShare {
    TensorShare {
        name: count.name.to_owned(),
        n_tensors: count.n_tensors,
        n_params: count.n_elements,
        n_bytes: count.n_bytes,
    }
}

/// As the library shows it. What is not said here is the base's.
fn variant(base: &Model, sidecar: Sidecar, header: ModelHeader, path: PathBuf) -> Variant {
    let Sidecar {
        record, size_bytes, ..
    } = sidecar;
    let file_name = path.file_name().unwrap_or_default();
    let model = Model {
        id: record.model_id(),
        file_name: file_name.to_string_lossy().into_owned(),
        sha256: record.sha256.clone(),
        variant: Some(Box::new(record)),
        ..made_of(base, header, size_bytes)
    };
    Variant { model, path }
}

/// A model that was made of `base`. What its header does not say is the base's.
pub(super) fn made_of(base: &Model, header: ModelHeader, size_bytes: u64) -> Model {
    Model {
        file_type: header.file_type,
        size_bytes,
        n_params: header.n_params,
        kv_bytes_per_token: header.kv_bytes_per_token,
        origin: ModelOrigin::Variant,
        provenance: header.provenance,
        ..base.clone()
    }
}

/// The header of a file that a worker has written.
pub(super) async fn check_written(part: PathBuf) -> Result<ModelHeader, VariantError> {
    header_of(part).await.map_err(|error| {
        VariantError::Storage(format!(
            "the engine wrote a file that cannot be used: {error}"
        ))
    })
}
