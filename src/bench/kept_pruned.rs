//! The last pruned file that was quantized, kept in the cache: to quantize it to
//! another type, it is not pruned again. Always one at most, for a day, and not
//! where its room is needed.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::blocking::off_thread;
use super::variant::Workshop;
use crate::domain::pruning::PruningReport;

/// What their names begin with.
const PREFIX: &str = "pruned-";
/// How long one is kept.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// What lies beside it: whose it is, and by what to see that it is still the same.
#[derive(Debug, Serialize, Deserialize)]
struct Beside {
    address: String,
    size_bytes: u64,
    modified: (i64, i64),
    report: PruningReport,
}

impl Workshop {
    /// Moves the kept file with this address to `part`, if there is one. Only whoever
    /// has the address' workbench may ask.
    pub(super) async fn take_kept_pruned(
        &self,
        address: &str,
        part: &Path,
    ) -> Option<PruningReport> {
        let path = path(&self.cache, address);
        let (address, part) = (address.to_owned(), part.to_path_buf());
        let taken = off_thread(move || {
            let beside = fs::read(path.with_extension("json"))?;
            let beside: Beside = serde_json::from_slice(&beside)?;
            let (size_bytes, modified) = identity(&path)?;
            let is_as_made = beside.address == address
                && (beside.size_bytes, beside.modified) == (size_bytes, modified);
            if !is_as_made {
                return Err(io::Error::other("it has changed"));
            }
            fs::rename(&path, part)?;
            fs::remove_file(path.with_extension("json"))?;
            Ok(beside.report)
        });
        taken.await.ok()
    }

    /// Keeps the file at `part`, in place of any other.
    pub(super) async fn keep_for_other_types(
        &self,
        address: &str,
        part: &Path,
        report: PruningReport,
    ) {
        let (cache, address, part) = (self.cache.clone(), address.to_owned(), part.to_path_buf());
        let kept = off_thread(move || {
            remove(&cache, |_| true);
            let path = path(&cache, &address);
            let (size_bytes, modified) = identity(&part)?;
            let beside = Beside {
                address,
                size_bytes,
                modified,
                report,
            };
            fs::rename(part, &path)?;
            // Last: without it the file counts for nothing.
            fs::write(path.with_extension("json"), serde_json::to_vec(&beside)?)
        });
        if let Err(error) = kept.await {
            tracing::info!(%error, "a pruned file is not kept for other types");
        }
    }

    /// Gives the room back that a kept file takes.
    pub(super) fn drop_kept_pruned(&self) {
        remove(&self.cache, |_| true);
    }

    /// Removes what was kept for long enough.
    pub(super) fn sweep_kept_pruned(&self) {
        remove(&self.cache, |path| {
            let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| modified.elapsed().ok());
            age.is_none_or(|age| age > KEPT_FOR)
        });
    }
}

fn path(cache: &Path, address: &str) -> PathBuf {
    let address = address.get(..32).unwrap_or(address);
    cache.join(format!("{PREFIX}{address}.gguf"))
}

fn identity(path: &Path) -> io::Result<(u64, (i64, i64))> {
    let metadata = fs::metadata(path)?;
    let modified = (metadata.mtime(), metadata.mtime_nsec());
    Ok((metadata.len(), modified))
}

fn remove(cache: &Path, is_meant: impl Fn(&Path) -> bool) {
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let is_kept = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_kept && is_meant(&entry.path()) {
            // Another process may have done so.
            let _ = fs::remove_file(entry.path());
        }
    }
}
