//! The order in which a model's blocks cost least to remove: searched for once, kept
//! as far as it was, and gone on from where more is asked for.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::blocking::off_thread;
use super::digest;
use super::imatrix::CALIBRATION_TEXT;
use super::prune_order::PruneOrder;
use super::variant::Workshop;
use super::workbench::Workbench;
use crate::domain::environment::ENGINE_VERSION;
use crate::domain::pruning::{BlockSearch, PruningMethod};
use crate::domain::quality::CHUNK_TOKENS;

/// Raised where the same search would find another order.
const VERSION: u32 = 1;

/// A search as it lies in the cache.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Of the search as JSON.
    sha256: String,
    search: BlockSearch,
}

impl Workshop {
    /// What earlier searches of the same model in the same way found; one that is
    /// damaged, or cannot be read, counts for nothing.
    pub(super) async fn known_search(&self, order: &PruneOrder<'_>) -> BlockSearch {
        if order.prune.method == PruningMethod::Width {
            return BlockSearch::default();
        }
        let path = path(&self.cache, &key(order));
        off_thread(move || read(&path)).await.unwrap_or_default()
    }

    /// Keeps what is told of a search until nobody tells any more: what it has found
    /// when it is ended stays known.
    pub(super) async fn keep_searches(
        &self,
        order: &PruneOrder<'_>,
        mut told: watch::Receiver<BlockSearch>,
    ) {
        while told.changed().await.is_ok() {
            let search = told.borrow_and_update().clone();
            // What a file says that was written to meanwhile is not of this model.
            if order.file.is_unchanged()
                && let Err(error) = self.keep_search(&key(order), search).await
            {
                tracing::warn!(%error, "the order of blocks is not kept, and will be searched for again");
            }
        }
    }

    async fn keep_search(&self, key: &str, search: BlockSearch) -> io::Result<()> {
        let workbench = Workbench::claim(&self.cache, key).await?;
        let part = workbench.folder().join("search.json");
        let path = path(&self.cache, key);
        let kept = off_thread(move || {
            // Another process may have come further.
            if read(&path).is_ok_and(|other| other.curve.len() >= search.curve.len()) {
                return Ok(());
            }
            let sha256 = hash(&search)?;
            fs::write(&part, serde_json::to_vec(&Kept { sha256, search })?)?;
            File::open(&part)?.sync_all()?;
            fs::rename(&part, &path)
        });
        kept.await
    }
}

fn read(path: &Path) -> io::Result<BlockSearch> {
    let Kept { sha256, search } = serde_json::from_slice(&fs::read(path)?)?;
    match hash(&search)? == sha256 {
        true => Ok(search),
        false => Err(io::Error::other("it is damaged")),
    }
}

fn hash(search: &BlockSearch) -> io::Result<String> {
    Ok(digest::of(serde_json::to_vec(search)?))
}

fn path(cache: &Path, key: &str) -> PathBuf {
    let key = key.get(..32).unwrap_or(key);
    cache.join(format!("blocks-{key}.json"))
}

/// What tells it from every search that would find something else: by depth and auto,
/// however much is to go and whatever may be lost, it is the same.
fn key(order: &PruneOrder<'_>) -> String {
    digest::of(format!(
        "order of blocks {VERSION}\n{}\n{}\n{ENGINE_VERSION}\n{}\n{CHUNK_TOKENS}\n{}",
        order.base.sha256,
        order.prune.quick,
        digest::of(CALIBRATION_TEXT),
        order.prune.search_chunks(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pruning::CurvePoint;

    #[test]
    fn a_damaged_file_is_none_whatever_is_wrong_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("blocks.json");
        let search = BlockSearch {
            curve: vec![CurvePoint {
                removed_layer: None,
                removed_share: 0.0,
                perplexity: 20.123_456_789_012_345,
            }],
            influence: vec![Some(0.1), None],
            costs: vec![None, Some(1.0 / 3.0)],
        };
        let kept = Kept {
            sha256: hash(&search).expect("JSON"),
            search: search.clone(),
        };
        let whole = serde_json::to_string(&kept).expect("JSON");
        fs::write(&path, &whole).expect("a file");
        assert_eq!(read(&path).expect("it is whole"), search);
        for damaged in [
            &whole[..whole.len() / 2],
            "",
            &whole.replace("20.1", "21.1"),
        ] {
            fs::write(&path, damaged).expect("a file");
            assert!(read(&path).is_err(), "{damaged}");
        }
        fs::remove_file(&path).expect("the file");
        assert!(read(&path).is_err(), "there is none");
    }
}
