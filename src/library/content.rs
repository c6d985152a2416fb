//! What is in each file: its header and its hash, kept as long as the file
//! stays the same.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::LibraryError;
use super::data_folder::write_whole;
use super::scan::shown_name;
use crate::domain::model::{Model, ModelId, ModelOrigin};
use crate::gguf::{GgufError, ModelHeader, check_model};

/// What tells one file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileIdentity {
    /// Bytes.
    pub size: u64,
    /// Last change, ns since 1970.
    pub modified_ns: i128,
    /// The file's number on its device.
    pub inode: u64,
}

impl FileIdentity {
    /// Reads that of an open file.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from(&file.metadata()?))
    }
}

impl From<&fs::Metadata> for FileIdentity {
    fn from(metadata: &fs::Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified_ns: i128::from(metadata.mtime()) * 1_000_000_000
                + i128::from(metadata.mtime_nsec()),
            inode: metadata.ino(),
        }
    }
}

/// All that is known of a file.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) identity: FileIdentity,
    header: ModelHeader,
    pub(super) sha256: String,
}

/// How much is known of a file.
pub(super) enum Knowledge {
    Complete(Box<Content>),
    /// A model of so many bytes, which are still to be read.
    Hashing {
        size: u64,
    },
}

/// What a file's header says, or why it is none.
struct Known {
    identity: FileIdentity,
    /// When anything of the file was last changed, which nobody can set: a file that
    /// was mended may have its old time.
    changed: (i64, i64),
    header: Result<ModelHeader, GgufError>,
}

/// What is known of every file seen.
pub(super) struct Contents {
    known: HashMap<PathBuf, Known>,
    hashes: HashMap<PathBuf, (FileIdentity, String)>,
    cache: PathBuf,
}

impl Contents {
    /// Starts with the hashes kept at `cache`.
    pub(super) fn open(cache: PathBuf) -> Self {
        let hashes = fs::read(&cache)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Self {
            known: HashMap::new(),
            hashes,
            cache,
        }
    }

    /// Looks at a file; true: its hash has to be computed.
    pub(super) fn look(&mut self, path: &Path) -> Result<(Knowledge, bool), LibraryError> {
        let unreadable = |error| LibraryError::Unreadable {
            path: path.to_path_buf(),
            source: error,
        };
        let metadata = fs::metadata(path).map_err(unreadable)?;
        let identity = FileIdentity::from(&metadata);
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        let known = self.known.get(path);
        let known = known.filter(|known| (known.identity, known.changed) == (identity, changed));
        let is_new = known.is_none();
        let header = match known {
            Some(known) => known.header.clone(),
            None => self.check(path, identity, changed),
        }?;
        let hash = self
            .hashes
            .get(path)
            .filter(|(hashed, _)| *hashed == identity);
        match hash {
            Some((_, sha256)) => {
                let content = Content {
                    identity,
                    header,
                    sha256: sha256.clone(),
                };
                Ok((Knowledge::Complete(Box::new(content)), false))
            }
            None => {
                let size = identity.size;
                Ok((Knowledge::Hashing { size }, is_new))
            }
        }
    }

    /// Reads a file's header; what is no model is not read again at every look.
    fn check(
        &mut self,
        path: &Path,
        identity: FileIdentity,
        changed: (i64, i64),
    ) -> Result<ModelHeader, GgufError> {
        let header = check_model(path);
        match &header {
            // The next time it may be readable.
            Err(GgufError::Io(_)) => self.known.remove(path),
            _ => {
                let known = Known {
                    identity,
                    changed,
                    header: header.clone(),
                };
                self.known.insert(path.to_path_buf(), known)
            }
        };
        header
    }

    /// Takes the hash of a file in that was computed while the file was made;
    /// one that is known stays.
    pub(super) fn trust(&mut self, path: &Path, identity: FileIdentity, sha256: &str) {
        let known = self.hashes.entry(path.to_path_buf());
        let known = known.or_insert_with(|| (identity, sha256.to_owned()));
        if known.0 != identity {
            *known = (identity, sha256.to_owned());
        }
    }

    /// Forgets a file that was deleted.
    pub(super) fn forget(&mut self, path: &Path) {
        self.known.remove(path);
        self.hashes.remove(path);
    }

    /// Takes a hash in. One that failed is tried again at the next look.
    pub(super) fn learn_hash(&mut self, path: &Path, hashed: io::Result<(FileIdentity, String)>) {
        match hashed {
            Ok(hashed) => {
                if self
                    .known
                    .get(path)
                    .is_some_and(|known| known.identity != hashed.0)
                {
                    self.known.remove(path);
                }
                self.hashes.insert(path.to_path_buf(), hashed);
                let bytes = serde_json::to_vec(&self.hashes).unwrap_or_default();
                if let Err(error) = write_whole(&self.cache, &bytes) {
                    tracing::warn!(%error, "hashes are not kept and will be computed again");
                }
            }
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "a model could not be hashed");
                self.known.remove(path);
            }
        }
    }
}

/// Reads a whole file, and counts its bytes meanwhile in `n_read`; `turn` is waited for
/// before each piece.
pub(super) fn hash_file(
    path: &Path,
    n_read: &AtomicU64,
    mut turn: impl FnMut() -> io::Result<()>,
) -> io::Result<(FileIdentity, String)> {
    n_read.store(0, Ordering::Relaxed);
    turn()?;
    let mut file = File::open(path)?;
    let identity = FileIdentity::of(&file)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
        n_read.fetch_add(n as u64, Ordering::Relaxed);
        turn()?;
    }
    let hex = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok((identity, hex))
}

impl Content {
    /// The model as shown.
    pub(super) fn model(&self, path: &Path, origin: ModelOrigin) -> Model {
        let file_name = shown_name(path);
        let stem = path
            .file_stem()
            .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        Model {
            id: ModelId::made_of(&stem, &self.sha256),
            name: self.header.name.clone().unwrap_or(stem),
            file_name,
            architecture: self.header.architecture.clone(),
            file_type: self.header.file_type.clone(),
            size_bytes: self.identity.size,
            n_params: self.header.n_params,
            n_ctx_train: self.header.n_ctx_train,
            sha256: self.sha256.clone(),
            origin,
            kv_bytes_per_token: self.header.kv_bytes_per_token,
            n_vocab: self.header.n_vocab,
            provenance: self.header.provenance.clone(),
            variant: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_refused_file_is_read_again_only_once_it_has_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.gguf");
        fs::write(&path, "no model").expect("a file");
        let mut contents = Contents::open(folder.path().join("hashes"));
        let refused = |contents: &mut Contents| match contents.look(&path) {
            Err(LibraryError::Unusable(error)) => error,
            _ => panic!("it is no model"),
        };
        assert!(matches!(refused(&mut contents), GgufError::NotGguf));
        // Another reason than who reads it would find.
        let known = contents.known.get_mut(&path).expect("it is known");
        known.header = Err(GgufError::Version(9));
        assert!(matches!(refused(&mut contents), GgufError::Version(9)));
        // Mended, with the old time. Clocks of files have steps of some milliseconds.
        std::thread::sleep(Duration::from_millis(20));
        let file = File::options().write(true).open(&path).expect("the file");
        let then = file.metadata().and_then(|file| file.modified());
        fs::write(&path, "NO MODEL").expect("the file");
        let back = then.and_then(|then| file.set_modified(then));
        back.expect("its old time");
        assert!(matches!(refused(&mut contents), GgufError::NotGguf));
    }

    #[test]
    fn bytes_are_counted_anew_for_each_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let n_read = AtomicU64::new(7);
        for (name, size) in [("large", (2 << 20) + 1), ("small", 3)] {
            let path = folder.path().join(name);
            fs::write(&path, vec![0; size]).expect("a file");
            let (identity, _) = hash_file(&path, &n_read, || Ok(())).expect("a hash");
            assert_eq!(n_read.load(Ordering::Relaxed), identity.size);
        }
    }
}
