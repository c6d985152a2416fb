//! Importance matrices: collected once for each model by a worker, and kept.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::base_file::BaseFile;
use super::blocking::off_thread;
use super::digest;
use super::making::Making;
use super::variant::{VariantError, Workshop, storage};
use super::workbench::Workbench;
use crate::backend::WorkerError;
use crate::domain::defaults::IMATRIX_CHUNKS;
use crate::domain::environment::ENGINE_VERSION;
use crate::domain::model::Model;
use crate::domain::protocol::{ImatrixCommand, WorkerCommand, WorkerErrorKind, WorkerEvent};
use crate::domain::variant::ImatrixRecord;

/// What is never judged on: quality is measured on another text.
pub(super) const CALIBRATION_TEXT: &str = include_str!("../evaluate/calibration.txt");
/// Tokens of a chunk.
const N_CTX: u32 = 512;
/// Chunks.
const N_CHUNKS: u32 = IMATRIX_CHUNKS;

/// What tells it from those that were collected otherwise.
pub(super) fn settings() -> String {
    let text = digest::of(CALIBRATION_TEXT);
    format!("{text}\n{N_CTX}\n{N_CHUNKS}\n{ENGINE_VERSION}")
}

/// A matrix that is kept.
#[derive(Debug)]
pub(super) struct KeptImatrix {
    /// Its file.
    pub(super) path: PathBuf,
    /// What it is.
    pub(super) record: ImatrixRecord,
}

impl Workshop {
    /// The matrix of `base`: collected now, or found as it was collected earlier.
    pub(super) async fn imatrix(
        &self,
        base: &Model,
        file: &BaseFile,
        on_progress: &mut (impl FnMut(Making) + Send),
    ) -> Result<KeptImatrix, VariantError> {
        let recipe = format!("importance matrix 1\n{}\n{}", base.sha256, settings());
        let key = digest::of(recipe);
        let unusable = |error| storage(&self.cache, &error);
        let workbench = Workbench::claim(&self.cache, &key)
            .await
            .map_err(unusable)?;
        let path = self.cache.join(format!("imatrix-{}.dat", &key[..32]));
        if let Some(record) = kept(&path).await {
            return Ok(KeptImatrix { path, record });
        }
        let part = workbench.folder().join("imatrix.dat");
        let command = WorkerCommand::CollectImatrix(ImatrixCommand {
            source: file.source(),
            target: part.to_string_lossy().into_owned(),
            text: CALIBRATION_TEXT.to_owned(),
            n_ctx: N_CTX,
            n_chunks: N_CHUNKS,
            n_threads: self.n_threads,
        });
        on_progress(Making::Imatrix(0, N_CHUNKS));
        let n_chunks = {
            let doing = "collecting the importance matrix";
            let mut worker = self.start(file, Some(workbench.folder())).await?;
            let answer = worker.ask(&command, doing, |event| {
                if let WorkerEvent::ImatrixProgress { chunk, n_chunks } = event {
                    on_progress(Making::Imatrix(*chunk, *n_chunks));
                }
            });
            match answer.await {
                Ok(WorkerEvent::ImatrixCollected { n_chunks }) => {
                    worker.stop().await;
                    n_chunks
                }
                Ok(other) => return Err(worker.unexpected(doing, &other).into()),
                Err(WorkerError::Refused {
                    kind: WorkerErrorKind::Storage,
                    message,
                    ..
                }) => {
                    return Err(unusable(io::Error::new(
                        io::ErrorKind::StorageFull,
                        message,
                    )));
                }
                Err(error) => return Err(error.into()),
            }
        };
        let record = ImatrixRecord {
            sha256: digest::of_file(part.clone()).await.map_err(unusable)?,
            n_chunks,
            n_ctx: N_CTX,
        };
        // The record last: without it the matrix counts for nothing.
        let (kept, beside) = (path.clone(), workbench.folder().join("imatrix.json"));
        let written = serde_json::to_vec(&record).map_err(io::Error::from);
        let written = written.map_err(unusable)?;
        let keep = off_thread(move || {
            File::open(&part)?.sync_all()?;
            fs::rename(&part, &kept)?;
            fs::write(&beside, written)?;
            File::open(&beside)?.sync_all()?;
            fs::rename(&beside, kept.with_extension("json"))
        });
        keep.await.map_err(unusable)?;
        Ok(KeptImatrix { path, record })
    }
}

/// What is known of the kept matrix, if it is whole.
async fn kept(path: &Path) -> Option<ImatrixRecord> {
    let record = fs::read(path.with_extension("json")).ok()?;
    let record: ImatrixRecord = serde_json::from_slice(&record).ok()?;
    let sha256 = digest::of_file(path.to_path_buf()).await.ok()?;
    (record.sha256 == sha256).then_some(record)
}
