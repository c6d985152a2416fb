//! The models on this machine: folders searched, files checked, ids made.
//! Every path of the program is made here.

mod content;
mod data_folder;
mod error;
mod find;
mod folders;
mod listing;
mod ollama;
mod scan;
mod texts;
mod turns;
mod variants;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::domain::model::Model;
use content::{Contents, Knowledge};
use folders::Folder;
use turns::Turns;

pub use content::FileIdentity;
pub use data_folder::DataFolder;
pub use error::LibraryError;
pub use ollama::{AddressError, Ollama, OllamaAddress, OllamaOptions};
pub use texts::Texts;

/// How long a request waits for hashes that are being computed.
const PATIENCE: Duration = Duration::from_secs(120);
/// The same for the command line, which has nothing else to do: as long as a
/// measurement by another Whittle may take.
const LONG_PATIENCE: Duration = Duration::from_secs(3600);

/// A cheap handle on the library. Its methods block on the disk.
#[derive(Clone)]
pub struct Library {
    inner: Arc<Inner>,
    ollama: Option<Ollama>,
    texts: Texts,
}

struct Inner {
    folders: Vec<Folder>,
    places: Places,
    contents: Mutex<Contents>,
    /// Told whenever a hash is done.
    hashed: Condvar,
    to_hash: Mutex<mpsc::Sender<PathBuf>>,
    /// Bytes that were read of the file that is being hashed.
    n_read: Arc<AtomicU64>,
}

/// Where things are made.
#[derive(Debug, Clone)]
pub struct Places {
    /// The variants.
    pub variants: PathBuf,
    /// What can be computed again.
    pub cache: PathBuf,
    /// The machine's lock.
    pub machine_lock: PathBuf,
}

/// A model with its file, for the server alone.
#[derive(Debug, Clone)]
pub struct Located {
    /// The model.
    pub model: Model,
    /// Its file, canonical.
    pub path: PathBuf,
    /// Which file that was.
    pub identity: FileIdentity,
}

impl Library {
    /// Opens the library of a data folder and the folders remembered there;
    /// `more` are remembered from now on. New files are read while holding the
    /// machine's lock at `lock_path`.
    ///
    /// # Errors
    /// When one of `more` is no folder, or the list cannot be kept.
    pub fn open(
        data: &DataFolder,
        more: &[PathBuf],
        lock_path: PathBuf,
    ) -> Result<Self, LibraryError> {
        let folders = folders::remember(data, more)?;
        let (sender, receiver) = mpsc::channel::<PathBuf>();
        let n_read = Arc::new(AtomicU64::new(0));
        let inner = Arc::new(Inner {
            folders,
            places: Places {
                variants: data.variants(),
                cache: data.cache(),
                machine_lock: lock_path.clone(),
            },
            contents: Mutex::new(Contents::open(data.hash_cache())),
            hashed: Condvar::new(),
            to_hash: Mutex::new(sender),
            n_read: Arc::clone(&n_read),
        });
        let weak = Arc::downgrade(&inner);
        std::thread::Builder::new()
            .name("hash models".to_owned())
            .spawn(move || {
                let mut turns = Turns::at(lock_path);
                while let Ok(path) = receiver.recv() {
                    let hashed = content::hash_file(&path, &n_read, || turns.take());
                    // Whoever learns of the model may measure it at once.
                    turns.give();
                    let Some(inner) = weak.upgrade() else { return };
                    inner.contents().learn_hash(&path, hashed);
                    n_read.store(0, Ordering::Relaxed);
                    inner.hashed.notify_all();
                }
            })
            .map_err(LibraryError::Start)?;
        Ok(Self {
            inner,
            ollama: None,
            texts: Texts::of(data.texts()),
        })
    }

    /// The same with the models of an Ollama on this machine.
    #[must_use]
    pub fn with_ollama(self, ollama: Ollama) -> Self {
        Self {
            ollama: Some(ollama),
            ..self
        }
    }

    /// The texts that quality is measured on.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The folders that are searched, as the user reads them: the data folder's own first.
    pub fn folders(&self) -> impl Iterator<Item = String> {
        self.inner.folders.iter().map(Folder::shown)
    }

    /// Where things are made.
    pub fn places(&self) -> &Places {
        &self.inner.places
    }

    /// The Ollama whose models are listed.
    pub fn ollama(&self) -> Option<&Ollama> {
        self.ollama.as_ref()
    }

    fn look(&self, path: &Path) -> Result<Knowledge, LibraryError> {
        let (knowledge, is_new) = self.inner.contents().look(path)?;
        if is_new {
            let sender = self
                .inner
                .to_hash
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // The thread lives as long as the library.
            let _ = sender.send(path.to_path_buf());
        }
        Ok(knowledge)
    }

    /// Waits for a file's hash, at most for as long as given.
    fn wait_for(&self, path: &Path, patience: Duration) -> Result<content::Content, LibraryError> {
        let start = Instant::now();
        loop {
            if let Knowledge::Complete(content) = self.look(path)? {
                return Ok(*content);
            }
            if start.elapsed() > patience {
                return Err(LibraryError::StillHashing(scan::shown_name(path)));
            }
            self.inner.wait_for_a_hash();
        }
    }
}

impl Inner {
    /// Returns when a hash is done, at the latest after a moment.
    fn wait_for_a_hash(&self) {
        let _ = self
            .hashed
            .wait_timeout(self.contents(), Duration::from_millis(100));
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
