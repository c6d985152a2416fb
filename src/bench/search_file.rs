//! A search for blocks as a file in the cache: whole and of the right model, or nothing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::blocking::off_thread;
use super::digest;
use super::workbench::Workbench;
use crate::domain::pruning::BlockSearch;

/// What their names begin with.
const PREFIX: &str = "blocks-";
/// How many are kept, of a few kB each: those that were written last.
const MOST: usize = 64;
/// Tells what one is written to from all others: a keeper that was cancelled may still be
/// writing, though its workbench is another's by now.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Where a search lies, and what it must say to count.
#[derive(Debug, Clone)]
pub(super) struct SearchFile {
    cache: PathBuf,
    /// What tells it from every search that would find something else.
    key: String,
    /// Of the model.
    n_blocks: u32,
}

/// A search as it lies in the cache.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    key: String,
    /// Of the search as JSON.
    sha256: String,
    search: BlockSearch,
}

/// Why a file that is there counts for nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotUsable {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("it is damaged: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is damaged: what was found has another hash than is written beside it")]
    Hash,
    #[error("it is of another model, or of another search")]
    Foreign,
}

impl SearchFile {
    pub(super) fn new(cache: &Path, key: String, n_blocks: u32) -> Self {
        Self {
            cache: cache.to_path_buf(),
            key,
            n_blocks,
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        let key = self.key.get(..32).unwrap_or(&self.key);
        self.cache.join(format!("{PREFIX}{key}.json"))
    }

    /// What was kept; none: nothing.
    pub(super) async fn look(&self) -> Result<Option<BlockSearch>, NotUsable> {
        let file = self.clone();
        off_thread(move || Ok(file.read())).await?
    }

    /// Keeps a search, unless one is that has come as far. Whoever does so at the same
    /// time, here or in another process, waits.
    pub(super) async fn keep(&self, search: BlockSearch) -> io::Result<()> {
        let workbench = Workbench::claim(&self.cache, &self.key).await?;
        let (file, folder) = (self.clone(), workbench.folder().to_path_buf());
        off_thread(move || file.write(&folder, search)).await
    }

    fn read(&self) -> Result<Option<BlockSearch>, NotUsable> {
        let bytes = match fs::read(self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let kept: Kept = serde_json::from_slice(&bytes)?;
        if kept.key != self.key {
            return Err(NotUsable::Foreign);
        }
        if hash(&kept.search)? != kept.sha256 {
            return Err(NotUsable::Hash);
        }
        match kept.search.is_of(self.n_blocks) {
            true => Ok(Some(kept.search)),
            false => Err(NotUsable::Foreign),
        }
    }

    fn write(&self, folder: &Path, search: BlockSearch) -> io::Result<()> {
        let before = self.read().ok().flatten();
        if before.is_some_and(|kept| kept.curve.len() >= search.curve.len()) {
            return Ok(());
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let part = folder.join(format!("search-{}-{number}.json", std::process::id()));
        let kept = Kept {
            key: self.key.clone(),
            sha256: hash(&search)?,
            search,
        };
        fs::write(&part, serde_json::to_vec(&kept)?)?;
        File::open(&part)?.sync_all()?;
        fs::rename(&part, self.path())?;
        forget_oldest(&self.cache);
        Ok(())
    }
}

fn hash(search: &BlockSearch) -> serde_json::Result<String> {
    Ok(digest::of(serde_json::to_vec(search)?))
}

/// Removes those beyond the number that is kept.
fn forget_oldest(cache: &Path) {
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    let mut kept: Vec<(SystemTime, PathBuf)> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    kept.sort_unstable();
    let n_beyond = kept.len().saturating_sub(MOST);
    for (_, path) in &kept[..n_beyond] {
        // Another process may have done so.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::domain::pruning::CurvePoint;

    /// Of nine blocks, as far as so many steps.
    fn search(n_steps: u32) -> BlockSearch {
        let point = |removed_layer: Option<u32>| CurvePoint {
            removed_layer,
            removed_share: f64::from(removed_layer.map_or(0, |layer| layer + 1)) / 9.0,
            perplexity: 20.123_456_789_012_345,
        };
        let gone = (0..n_steps).map(Some);
        BlockSearch {
            curve: std::iter::once(None).chain(gone).map(point).collect(),
            influence: vec![Some(0.1); 9],
            costs: [vec![None; 8], vec![Some(1.0 / 3.0)]].concat(),
        }
    }

    fn file(folder: &TempDir, model: &str) -> SearchFile {
        SearchFile::new(folder.path(), digest::of(model), 9)
    }

    #[tokio::test]
    async fn what_has_come_further_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file(&folder, "a");
        assert_eq!(file.look().await.expect("nothing is wrong"), None);
        for (n_steps, n_kept) in [(0, 0), (3, 3), (2, 3), (8, 8)] {
            file.keep(search(n_steps)).await.expect("it is kept");
            let found = file.look().await.expect("it is whole");
            assert_eq!(found, Some(search(n_kept)));
        }
    }

    #[tokio::test]
    async fn what_is_damaged_or_foreign_counts_for_nothing_and_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let [own, other] = ["a", "b"].map(|model| file(&folder, model));
        own.keep(search(8)).await.expect("it is kept");
        other.keep(search(8)).await.expect("it is kept");
        let whole = fs::read_to_string(own.path()).expect("a file");
        let foreign = fs::read_to_string(other.path()).expect("a file");
        for (bytes, reason) in [
            (&whole[..whole.len() / 2], "it is damaged: "),
            ("", "it is damaged: "),
            ("{}", "it is damaged: "),
            (&*whole.replace("20.1", "21.1"), "it is damaged: what was"),
            (&*foreign, "it is of another model"),
        ] {
            fs::write(own.path(), bytes).expect("a file");
            let error = own.look().await.expect_err("it is not used");
            assert!(error.to_string().starts_with(reason), "{error}");
            own.keep(search(2)).await.expect("it is kept");
            assert_eq!(own.look().await.expect("it is whole"), Some(search(2)));
        }
        // A model of another number of blocks.
        let narrow = SearchFile::new(folder.path(), digest::of("a"), 8);
        let error = narrow.look().await.expect_err("it is not used");
        assert!(matches!(error, NotUsable::Foreign), "{error}");
        fs::remove_file(own.path()).expect("the file");
        fs::create_dir(own.path()).expect("a folder");
        let error = own.look().await.expect_err("it is no file");
        assert!(matches!(error, NotUsable::Read(_)), "{error}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_at_once_leave_the_longer_and_never_a_half() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file(&folder, "a");
        let keepers = [0, 1].map(|first| {
            let file = file.clone();
            tokio::spawn(async move {
                for n_steps in (first..=8).step_by(2) {
                    file.keep(search(n_steps)).await.expect("it is kept");
                }
            })
        });
        let mut n_known = 0;
        while !keepers.iter().all(tokio::task::JoinHandle::is_finished) {
            if let Some(found) = file.look().await.expect("it is whole") {
                assert!(found.n_known() >= n_known, "it went back");
                n_known = found.n_known();
            }
        }
        for keeper in keepers {
            keeper.await.expect("it kept all");
        }
        assert_eq!(file.look().await.expect("it is whole"), Some(search(8)));
        let making = fs::read_dir(folder.path().join("making")).expect("a folder");
        assert_eq!(making.count(), 0, "nothing is left half made");
    }

    #[tokio::test]
    async fn the_oldest_are_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let other = folder.path().join("imatrix-1.dat");
        fs::write(&other, "x").expect("a file");
        let now = SystemTime::now();
        for age in 0..MOST as u64 {
            let path = folder.path().join(format!("{PREFIX}{age}.json"));
            let written = File::create(path).expect("a file");
            let then = now - Duration::from_secs(60 * (age + 1));
            written.set_modified(then).expect("a time");
        }
        let oldest = folder.path().join(format!("{PREFIX}{}.json", MOST - 1));
        assert!(oldest.exists());
        let file = file(&folder, "a");
        file.keep(search(1)).await.expect("it is kept");
        assert!(!oldest.exists() && file.path().exists() && other.exists());
        let names = fs::read_dir(folder.path()).expect("a folder").flatten();
        let is_search = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with(PREFIX)
        };
        assert_eq!(names.filter(is_search).count(), MOST);
    }
}
